package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"crosscheck/report"
)

// gapsWorld has two causes of unknown: a role of ten links that the audit role may not read,
// and an account that cannot be entered, with the destinations of five links.
func gapsWorld() []byte {
	const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}%s]}`
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{%s},"Action":"sts:AssumeRole"}]}`
	var b strings.Builder
	role := func(name, trusted, more string) {
		fmt.Fprintf(&b, "      - {name: %s, trust: '%s', inline: {all: '%s'}}\n", name, fmt.Sprintf(trust, trusted), fmt.Sprintf(everything, more))
	}
	management := `"AWS":"arn:aws:iam::100000000001:root"`
	b.WriteString("organization: {management_account: \"100000000001\"}\naccounts:\n  - {id: \"100000000001\"}\n  - id: \"111111111111\"\n    roles:\n")
	role("crosscheck-audit", management, `,{"Effect":"Deny","Action":"iam:GetRole","Resource":"arn:aws:iam::111111111111:role/shared"}`)
	role("crosscheck-canary", management, "")
	role("shared", `"Service":"s3.amazonaws.com"`, "")
	role("fine", `"Service":"s3.amazonaws.com"`, "")
	b.WriteString("    buckets:\n")
	kinds := []struct {
		name, role, account string
		n                   int
	}{{"shared", "shared", "222222222222", 10}, {"vault", "fine", "333333333333", 5}}
	for _, k := range kinds {
		for i := range k.n {
			fmt.Fprintf(&b, `      - name: %s-src-%d
        region: eu-central-1
        versioning: Enabled
        replication: {Role: "arn:aws:iam::111111111111:role/%s", Rules: [{ID: r, Priority: 1, Filter: {}, Status: Enabled, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::%[1]s-dst-%[2]d", Account: "%[4]s"}}]}
`, k.name, i, k.role, k.account)
		}
	}
	for _, k := range kinds {
		fmt.Fprintf(&b, "  - id: %q\n", k.account)
		if k.name == "shared" {
			b.WriteString("    roles:\n")
			role("crosscheck-audit", management, "")
			role("crosscheck-canary", management, "")
		}
		b.WriteString("    buckets:\n")
		for i := range k.n {
			fmt.Fprintf(&b, `      - name: %s-dst-%d
        region: eu-central-1
        versioning: Enabled
        policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/%s"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::%[1]s-dst-%[2]d/*"}]}'
`, k.name, i, k.role)
		}
	}
	return []byte(b.String())
}

// TestEachGapIsToldOnce: in what people read, what could not be read is told once in each
// list, with how much hangs on it.
func TestEachGapIsToldOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := served(t, gapsWorld())
	formats := []string{"table", "markdown", "html", "junit", "sarif"}
	args := []string{"drill", "--yes", "--timeout", "2s"}
	for _, f := range formats {
		args = append(args, "-o", f+"="+filepath.Join(dir, f))
	}
	if status, _, stderr := p.run(t.Context(), args...); status != report.ExitFaults {
		t.Fatal(status, stderr)
	}
	for _, c := range []struct {
		format     string
		list, ends string // texts before and after the list, "" = the end of the file
		text       string // regular expression
		want       int
	}{
		{"table", "Links:", "Findings:", `iam:GetRole`, 1},
		{"table", "Links:", "Findings:", `entered`, 1},
		{"table", "Findings:", "Canary:", `iam:GetRole`, 1},
		{"table", "Findings:", "Canary:", `entered`, 1},
		{"table", "Not read:", "Coverage:", `(?m)^333333333333`, 1},
		{"markdown", "Links that", "### ", `iam:GetRole answered AccessDenied`, 1},
		{"markdown", "Links that", "### ", `account 333333333333 could not be entered`, 1},
		{"markdown", "### Findings", "### ", `iam:GetRole answered AccessDenied`, 1},
		{"markdown", "### Findings", "### ", `account 333333333333 could not be entered`, 1},
		{"markdown", "### Canary", "### ", `the account of the bucket vault-dst-0 is not known`, 1},
		{"markdown", "### Not read", "<sub>", `(?m)^\| 333333333333`, 1},
		{"html", `<ol class="first">`, "</ol>", `iam:GetRole answered AccessDenied`, 1},
		{"html", "Not read, by account", "</table>", `>333333333333</td><td class="w"`, 1},
		{"junit", "<testsuites", "", `testcase name="read [^"]*" classname="(arn:aws:s3:::vault-dst-.|333333333333)"`, 1},
		{"sarif", "toolExecutionNotifications", "", `"text":"not read: [^"]*333333333333`, 1},
	} {
		data, err := os.ReadFile(filepath.Join(dir, c.format))
		if err != nil {
			t.Fatal(err)
		}
		_, list, ok := strings.Cut(string(data), c.list)
		ends := true
		if c.ends != "" {
			list, _, ends = strings.Cut(list, c.ends)
		}
		if !ok || !ends {
			t.Fatalf("%s has no list from %q to %q", c.format, c.list, c.ends)
		}
		if n := len(regexp.MustCompile(c.text).FindAllString(list, -1)); n != c.want {
			t.Errorf("%s: %q is told %d times from %q on, want %d\n%s", c.format, c.text, n, c.list, c.want, list)
		}
	}
}
