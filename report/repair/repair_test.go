package repair_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
)

const (
	exports  = "arn:aws:iam::111111111111:role/service-role/replicate-exports"
	newRole  = "arn:aws:iam::111111111111:role/replicate-new"
	backup   = "arn:aws:kms:eu-west-1:333333333333:key/66666666-7777-8888-9999-000000000000"
	s3Trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	adminKey = `    {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Action": "kms:*", "Resource": "*"}`
)

func document(statements ...string) string {
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n" + strings.Join(statements, ",\n") + "\n  ]\n}"
}

func bucket(kind finding.Kind, account, region, name string) finding.Target {
	return finding.Target{Kind: kind, AccountID: account, Region: region, Resource: "arn:aws:s3:::" + name}
}

func role(kind finding.Kind, arn, policy string) finding.Target {
	return finding.Target{Kind: kind, AccountID: strings.Split(arn, ":")[4], Resource: arn, Policy: policy}
}

func edit(op finding.Operation, summary string) []finding.Edit {
	return []finding.Edit{{Operation: op, Statement: -1, Summary: summary}}
}

// sample has a change of every kind, over three accounts, as a scan may find them.
func sample() *finding.Repairs {
	one := func(link string) []string { return []string{link} }
	return &finding.Repairs{
		Changes: []finding.Change{
			{Target: role(finding.TrustPolicy, newRole, ""), After: s3Trust,
				Edits: edit(finding.CreateDocument, "create the role with a trust policy for s3.amazonaws.com"), Links: one("orders-new/r→backup-new"), Proven: true},
			{Target: role(finding.RolePolicy, newRole, "Replication"), After: document(`    {"Effect": "Allow", "Action": ["s3:ReplicateObject"], "Resource": "arn:aws:s3:::backup-new/*"}`),
				Edits: edit(finding.CreateDocument, "allow what S3 needs"), Links: one("orders-new/r→backup-new"), Proven: true},
			{Target: role(finding.TrustPolicy, exports, ""), Before: strings.Replace(s3Trust, "s3.", "ec2.", 1), After: s3Trust,
				Edits: edit(finding.ReplacePrincipal, "trust s3.amazonaws.com in place of ec2.amazonaws.com"), Links: one("orders-exports/to-backup→backup-exports"), Proven: true},
			{Target: finding.Managed("arn:aws:iam::222222222222:policy/team/replicate"),
				Before: document(`    {"Effect": "Allow", "Action": ["s3:ReplicateObject"], "Resource": "arn:aws:s3:::backup-raw/${aws:PrincipalTag/team}*"}`),
				After:  document(`    {"Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateTags"], "Resource": "arn:aws:s3:::backup-raw/${aws:PrincipalTag/team}*"}`),
				Patch: []finding.PatchOperation{
					{Op: "test", Path: "/Statement/0/Action/0", Value: "s3:ReplicateObject"},
					{Op: "add", Path: "/Statement/0/Action/-", Value: "s3:ReplicateTags"},
				},
				Edits: []finding.Edit{{Operation: finding.AddAction, Values: []string{"s3:ReplicateTags"}, Summary: "add s3:ReplicateTags to statement 0 of policy replicate of role replicate-raw",
					Findings: []string{"f2"}, Optional: "objects replicate without their tags"}},
				Links: one("media-raw/to-backup→backup-media-raw"), Rests: []string{"kms:GetKeyPolicy of alias/raw: AccessDenied"}},
			{Target: bucket(finding.BucketPolicy, "333333333333", "eu-west-1", "backup-exports"),
				After: document(`    {"Sid": "Replica", "Effect": "Allow", "Principal": {"AWS": "` + exports + `"}, "Action": ["s3:ReplicateObject"], "Resource": "arn:aws:s3:::backup-exports/*"}`),
				Edits: edit(finding.CreateDocument, "allow s3:ReplicateObject to the role replicate-exports"), Links: one("orders-exports/to-backup→backup-exports"), Proven: true},
			{Target: bucket(finding.BucketPolicy, "333333333333", "eu-west-1", "backup-new"),
				After: document(`    {"Sid": "Replica", "Effect": "Allow", "Principal": {"AWS": "` + newRole + `"}, "Action": ["s3:ReplicateObject"], "Resource": "arn:aws:s3:::backup-new/*"}`),
				Edits: edit(finding.CreateDocument, "allow s3:ReplicateObject to the role replicate-new"), Links: one("orders-new/r→backup-new"), Proven: true},
			{Target: finding.Target{Kind: finding.KeyPolicy, AccountID: "333333333333", Region: "eu-west-1", Resource: backup},
				Before: document(adminKey),
				After:  document(adminKey, `    {"Sid": "Replication", "Effect": "Allow", "Principal": {"AWS": "`+exports+`"}, "Action": "kms:Encrypt", "Resource": "*"}`),
				Edits:  edit(finding.AddStatement, "add a statement that allows kms:Encrypt to the role replicate-exports"), Links: one("orders-exports/to-backup→backup-exports"), Proven: true},
			{Target: finding.Target{Kind: finding.KeyState, AccountID: "333333333333", Region: "eu-west-1", Resource: backup}, Before: "PendingDeletion", After: "Enabled",
				Edits: edit(finding.Set, "enable the key"), Links: one("orders-exports/to-backup→backup-exports"), Proven: true},
			setting(finding.Versioning, "backup-audit", "Suspended", "Enabled"),
			setting(finding.Ownership, "backup-audit", "ObjectWriter", "BucketOwnerEnforced"),
			setting(finding.ObjectLock, "backup-audit", "", "Enabled"),
			setting(finding.RequestPayment, "backup-audit", "Requester", "BucketOwner"),
			{Target: bucket(finding.Replication, "111111111111", "us-east-1", "orders-exports"),
				Before: configuration("Disabled"), After: configuration("Enabled"),
				Edits: edit(finding.Set, "replicate objects under SSE-KMS"), Links: one("orders-exports/to-backup→backup-exports"), Proven: true},
		},
		Fixes: []finding.Fix{
			{Link: "media-raw/to-backup→backup-media-raw", Before: finding.Broken, After: finding.UnknownVerdict, Changes: []int{3}},
			{Link: "orders-audit/to-backup→backup-audit", Before: finding.Broken, After: finding.Works, Proven: true, Changes: []int{8, 9, 10, 11}},
			{Link: "orders-exports/to-backup→backup-exports", Before: finding.Broken, After: finding.Works, Proven: true, Changes: []int{2, 4, 6, 7, 12}},
			{Link: "orders-new/r→backup-new", Before: finding.Broken, After: finding.Works, Proven: true, Changes: []int{0, 1, 5}},
		},
		Decisions: []finding.Decision{{
			Target: finding.Target{Kind: finding.RCP, AccountID: "999999999999", Resource: "r-demo"}, Link: "media-partner/to-partner→partner-archive",
			Text: "statement OnlyOurOrganization of DataPerimeter denies it: ask who owns the policy whether partner-archive may be left out",
		}},
	}
}

func setting(kind finding.Kind, name, before, after string) finding.Change {
	return finding.Change{Target: bucket(kind, "333333333333", "eu-west-1", name), Before: before, After: after, Proven: true,
		Edits: edit(finding.Set, "set it to "+after), Links: []string{"orders-audit/to-backup→backup-audit"}}
}

func configuration(kms string) string {
	return `{
  "role": "` + exports + `",
  "rules": [
    {
      "id": "to-backup",
      "schema": "V2",
      "status": "Enabled",
      "priority": 1,
      "prefix": "a/",
      "tags": {"team": "x"},
      "delete_markers": "Disabled",
      "sse_kms_objects": "` + kms + `",
      "destination": {
        "bucket": "arn:aws:s3:::backup-exports",
        "account": "333333333333",
        "owner_override": true,
        "replica_kms_key_id": "` + backup + `"
      }
    }
  ]
}`
}

func written(t *testing.T, form string, r *finding.Repairs, o repair.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := repair.Write(form, &b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is another one (UPDATE=1 go test rewrites it):\n%s", path, got)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, form := range repair.Forms() {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			golden(t, form+".txt", written(t, form, sample(), repair.Options{}))
		})
	}
}

// TestNothingIsTakenForComplete sees that every form names what is to decide and what is not proven.
func TestNothingIsTakenForComplete(t *testing.T) {
	t.Parallel()
	for _, form := range repair.Forms() {
		out := written(t, form, sample(), repair.Options{})
		proof := "NOT PROVEN"
		if form == "json" {
			proof = `"proven": false`
		}
		for _, want := range []string{proof, "ask who owns the policy", "alias/raw: AccessDenied", "objects replicate without their tags"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q", form, want)
			}
		}
		if out := written(t, form, &finding.Repairs{}, repair.Options{}); form != "json" && !strings.Contains(out, "No change was found") {
			t.Errorf("%s of nothing: %q", form, out)
		}
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	plain, colored := written(t, "diff", sample(), repair.Options{}), written(t, "diff", sample(), repair.Options{Color: true})
	if !strings.Contains(colored, "\x1b[32m+Enabled\x1b[0m\n") || strings.Contains(plain, "\x1b") {
		t.Errorf("colors:\n%s", colored)
	}
}

func TestJSONHasTheWholeDocument(t *testing.T) {
	t.Parallel()
	var out struct {
		Changes []struct {
			After    string          `json:"after"`
			Document json.RawMessage `json:"document"`
		} `json:"changes"`
	}
	if err := json.Unmarshal([]byte(written(t, "json", sample(), repair.Options{})), &out); err != nil {
		t.Fatal(err)
	}
	documents := 0
	for i, c := range out.Changes {
		if c.After != sample().Changes[i].After {
			t.Errorf("change %d: after is %q", i, c.After)
		}
		var want, got bytes.Buffer
		if json.Compact(&want, []byte(c.After)) != nil {
			if string(c.Document) != "null" {
				t.Errorf("change %d: %s is no document of %q", i, c.Document, c.After)
			}
			continue
		}
		documents++
		if err := json.Compact(&got, c.Document); err != nil || got.String() != want.String() {
			t.Errorf("change %d: document %s of %s", i, &got, &want)
		}
	}
	if documents != 8 {
		t.Errorf("%d documents", documents)
	}
}

func TestUnknownForm(t *testing.T) {
	t.Parallel()
	if err := repair.Write("pulumi", &bytes.Buffer{}, sample(), repair.Options{}); err == nil || !strings.Contains(err.Error(), "diff") {
		t.Errorf("error: %v", err)
	}
}

// TestFilesAreNotOverwritten writes each form to a directory, twice.
func TestFilesAreNotOverwritten(t *testing.T) {
	t.Parallel()
	for _, form := range repair.Forms() {
		dir := t.TempDir()
		listed := strings.Fields(written(t, form, sample(), repair.Options{Dir: dir}))
		for _, path := range listed {
			if b, err := os.ReadFile(path); err != nil || len(b) == 0 || filepath.Dir(path) != dir {
				t.Errorf("%s: %s: %v", form, path, err)
			}
		}
		if err := repair.Write(form, &bytes.Buffer{}, sample(), repair.Options{Dir: dir}); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: the second time: %v", form, err)
		}
	}
}

// TestFilesAreAllOrNone: where one file is there already, no other is written.
func TestFilesAreAllOrNone(t *testing.T) {
	t.Parallel()
	for _, form := range repair.Forms() {
		dir := t.TempDir()
		listed := strings.Fields(written(t, form, sample(), repair.Options{Dir: dir}))
		for _, path := range listed[:len(listed)-1] {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		err := repair.Write(form, &out, sample(), repair.Options{Dir: dir})
		entries, err2 := os.ReadDir(dir)
		if !errors.Is(err, os.ErrExist) || err2 != nil || len(entries) != 1 || out.Len() > 0 {
			t.Errorf("%s: %v, %v, %v, %q", form, err, err2, entries, out.String())
		}
	}
}

// TestHostileText writes names and documents that would steer a terminal or a CI system.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, form := range repair.Forms() {
		out := written(t, form, hostile(), repair.Options{})
		for line := range strings.Lines(out) {
			body := strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(strings.TrimSpace(body), "::") || strings.Contains(body, "##[") && form != "json" {
				t.Fatalf("%s: a command to a CI system: %q", form, line)
			}
			for _, r := range body {
				if r < ' ' && r != '\t' || r == 0x7f || r == '\u202e' || r == 0xe0041 {
					t.Fatalf("%s: %U in %q", form, r, line)
				}
			}
		}
	}
}

// hostile has names, texts and documents that no audited account should be able to turn against its reader.
func hostile() *finding.Repairs {
	const bad = "x'\"`$(touch owned)\n::set-output name=a::b\r\x1b[31m\u202e##[group]${1}%{if}{{resolve:secretsmanager:a}}\U000e0041"
	r := sample()
	for i := range r.Changes {
		c := &r.Changes[i]
		c.Resource += bad
		if c.Policy != "" {
			c.Policy += bad
		}
		c.Links, c.Rests = []string{bad}, []string{bad}
		c.Edits[0].Summary, c.Edits[0].Optional = bad, bad
		r.Changes = append(r.Changes, *c)
	}
	r.Changes[0].AccountID, r.Changes[1].Region, r.Changes[2].Kind = bad, bad, finding.Kind(bad)
	r.Changes[3].Before, r.Changes[3].After = bad, bad
	quoted, _ := json.Marshal(bad)
	r.Changes[4].Before, r.Changes[4].After = "", `{"Statement": [], "Sid":`+"\r\n"+string(quoted)+`, "Id": "`+"\u202e\x7f\U000e0041::##[error]"+`"}`
	r.Fixes[0].Link = bad
	r.Decisions[0] = finding.Decision{Target: finding.Target{Kind: finding.Kind(bad), AccountID: bad, Resource: bad}, Link: bad, Text: bad}
	return r
}
