//go:build linux

package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crosscheck/testdata"
)

// maxResident is what a process with hostile rules takes at most (docs/decisions/094).
const maxResident = 1 << 30

// doubled is Rego that defines v24 by doubling v0 so many times.
func doubled(v0, twice string) string {
	text := "v0 := " + v0 + "\n"
	for i := range 24 {
		text += fmt.Sprintf("v%d := %s\n", i+1, strings.ReplaceAll(twice, "X", fmt.Sprintf("v%d", i)))
	}
	return text
}

const (
	megabyte = `text := concat("", [t | some i in numbers.range(1, 16384); t := concat("", ["a", format_int(i, 10), "-------------------------------------------------------------"])])` + "\n"
	kilo     = `kilo := substring(text, 0, 1000)` + "\n"
	small    = `small := substring(text, 0, 100000)` + "\n"
	many     = `many := numbers.range(1, 10000)` + "\n"
)

// hogs are definitions of hog that would use up the memory.
var hogs = map[string]string{
	"set":                    megabyte + kilo + many + `hog := {sprintf("%d-%d-%s", [i, j, kilo]) | some i in many; some j in many}`,
	"object":                 megabyte + kilo + many + `hog := {sprintf("%d-%d-%s", [i, j, kilo]): i | some i in many; some j in many}`,
	"range":                  `hog := numbers.range(1, 1000000000)`,
	"range of long numbers":  `hog := numbers.range_step(1, 1000000000000, 3)`,
	"doubled text":           megabyte + doubled("text", `concat("", [X, X])`) + "hog := v24",
	"doubled array":          doubled(`numbers.range(1, 100)`, `array.concat(X, X)`) + "hog := v24",
	"text in a template":     megabyte + doubled("text", "$`{X}{X}`") + "hog := v24",
	"concat":                 megabyte + many + `hog := concat("", [text | some _ in many])`,
	"delimiter":              megabyte + many + `hog := concat(text, ["" | some i in many])`,
	"sprintf":                megabyte + small + `hog := sprintf(replace(small, "a", "%[1]v"), [text])`,
	"width":                  megabyte + small + `hog := sprintf(replace(small, "a", "%999999d"), [1])`,
	"replace":                megabyte + `hog := replace(text, "-", text)`,
	"replace nothing":        megabyte + `hog := replace(text, "", text)`,
	"replace_n":              megabyte + `hog := strings.replace_n({"-": text}, text)`,
	"regex.replace":          megabyte + `hog := regex.replace(text, "-", text)`,
	"split":                  megabyte + `hog := [split(text, "") | some i in numbers.range(1, 1000)]`,
	"regex.find_n":           megabyte + `hog := [regex.find_n("(.)", text, -1) | some i in numbers.range(1, 1000)]`,
	"json.marshal":           doubled("[1]", "[X, X]") + "hog := json.marshal(v24)",
	"sprintf of a deep term": doubled("[1]", "[X, X]") + `hog := sprintf("%v", [v24])`,
	"walk":                   doubled("[1]", "[X, X]") + `hog := [p | walk(v24, [p, _])]`,
	"flatten":                doubled("[1]", "[X, X]") + `hog := array.flatten(v24)`,
	"json.unmarshal":         megabyte + `hog := json.unmarshal(concat("", ["[", replace(text, "-", "[],"), "1]"]))`,
	"shift":                  `hog := [bits.lsh(1, 1099511627776)]`,
	"number":                 `hog := [to_number("1e999999999") * 10]`,
	"product":                many + `hog := [product([x | some i in many; x := 1e300])]`,
	"graph.reachable":        many + "edges := {i: [i + 1] | some i in many}\n" + `hog := [r | some i in many; some j in many; r := graph.reachable(edges, {(i + j) % 100})]`,
	"evidence":               doubled("[1]", "[X, X]") + `hog := v24`,
	"base64":                 megabyte + doubled("text", "base64.encode(X)") + "hog := v24",
	"crosscheck's own":       doubled("[1]", "[X, X]") + `hog := crosscheck.result(input.bucket, {{"message": "m", "evidence": {"v": v24}}}, "")`,
	"patterns":               megabyte + many + `hog := [regex.match(sprintf("(%d[a-z]{1000}){1000}|%s", [i, text]), text) | some i in many]`,
}

// TestHostileRules: rules that would use up the memory end with one line that names file
// and rule, and the process stays below a bound. The integration tests run all of them.
func TestHostileRules(t *testing.T) {
	if testing.Short() {
		t.Skip("make race: the race detector adds its own memory to what is measured")
	}
	t.Parallel()
	hostileRules(t, "set", "range", "doubled text", "replace", "json.marshal", "evidence", "shift")
}

// TestHostileRulesElsewhere: rules about the organization at the end of a run, what they keep
// until then, and tests of rules are bounded too.
func TestHostileRulesElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("make race: the race detector adds its own memory to what is measured")
	}
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	if status, _, stderr := p.typed(t, "", newFactsCommand, "-o", facts, "-q"); status != exitIncomplete {
		t.Fatalf("facts: status %d, %s", status, stderr)
	}
	rule := strings.Replace(hostileRule, "scope: bucket", "scope: organization", 1) + `records contains {"subject": true, "bucket": input.bucket.name, "account_id": input.bucket.account_id, "arn": input.bucket.arn, "region": input.bucket.region}` + "\n"
	for name, c := range map[string]struct{ file, text, want string }{
		"at the end":   {"acme900.rego", rule + hogs["shift"], ":10: rule ACME900 uses up the memory at the end of the run: bits.lsh would make"},
		"of a record":  {"acme900.rego", rule + "hog := 1\nrecords contains {\"v\": v24}\n" + doubled("[1]", "[X, X]"), ":10: rule ACME900 uses up the memory on bucket "},
		"a test":       {"x_test.rego", "package x_test\n\ntest_x if hog\n" + hogs["doubled text"], ":3: test test_x uses up the memory: concat would make"},
		"a large file": {"large.rego", "package large\n" + strings.Repeat("# comment\n", 200_000), " is larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, c.file)
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"scan", "--facts", facts, "--rules", dir, "-q"}
			if name == "a test" {
				args = []string{"rules", "test", dir}
			}
			status, text, rss := hostile(t, args...)
			if status != exitUsage || !strings.Contains(text, file+c.want) || strings.Count(text, "\n") != 1 || rss > maxResident {
				t.Errorf("exit status %d, %d MB: %.2000s", status, rss>>20, text)
			}
		})
	}
}

// hostile runs the program and gives what it printed, and how many bytes it took.
func hostile(t *testing.T, args ...string) (status int, text string, rss int64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	proc := filepath.Join(t.TempDir(), "status")
	cmd.Env = append(os.Environ(), "XCTEST_MAIN=1", "XCTEST_STATUS="+proc, "GOMEMLIMIT=", "GOGC=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	_ = cmd.Run() // the exit status says it
	// Not Rusage.Maxrss: it counts what the parent had before the exec.
	account, err := os.ReadFile(proc)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, &out)
	}
	if _, err := fmt.Sscanf(string(account[bytes.Index(account, []byte("VmHWM:")):]), "VmHWM: %d kB", &rss); err != nil {
		t.Fatalf("%v\n%s", err, account)
	}
	rss <<= 10
	t.Logf("%4d MB, %5.1f s: %.300s", rss>>20, time.Since(start).Seconds(), &out)
	return cmd.ProcessState.ExitCode(), out.String(), rss
}

// hostileRule is a rule about what hog says.
const hostileRule = `# METADATA
# title: Hostile
# description: Uses up the memory.
# custom:
#   id: ACME900
#   severity: low
#   scope: bucket
#   remediation: none
#   evidence: inferred
package crosscheck.rules.acme900

answers contains {"status": "fail", "message": "x", "evidence": {"v": hog}}

`

func hostileRules(t *testing.T, names ...string) {
	t.Helper()
	p := served(t, testdata.DemoWorld)
	facts := filepath.Join(t.TempDir(), "facts.jsonl")
	if status, _, stderr := p.typed(t, "", newFactsCommand, "-o", facts, "-q"); status != exitIncomplete {
		t.Fatalf("facts: status %d, %s", status, stderr)
	}
	if names == nil {
		names = slices.Sorted(maps.Keys(hogs))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "acme900.rego")
			if err := os.WriteFile(file, []byte(hostileRule+hogs[name]+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			status, text, rss := hostile(t, "scan", "--facts", facts, "--rules", dir, "-q", "-o", "json="+filepath.Join(dir, "out.json"))
			if status != exitUsage || strings.Count(text, "\n") != 1 ||
				!strings.HasPrefix(text, "crosscheck: "+file+":10: rule ACME900 uses up the memory on bucket ") {
				t.Errorf("exit status %d: %.2000s", status, text)
			}
			if rss > maxResident {
				t.Errorf("it took %d MB", rss>>20)
			}
			if _, err := os.Stat(filepath.Join(dir, "out.json")); err == nil {
				t.Error("it wrote a report")
			}
		})
	}
}
