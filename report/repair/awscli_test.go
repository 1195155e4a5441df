package repair_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
)

// fakeAWS is a program that writes its arguments and the document that it is given as lines
// of JSON text to a file, and whose caller has the account of the profile.
const fakeAWS = `#!/bin/sh
profile=
for a in "$@"; do [ "$profile" != next ] || profile=$a; [ "$a" != --profile ] || profile=next; done
case "$*" in
*get-caller-identity*) echo "${profile:-$CALLER}"; exit ;;
*get-key-policy*) [ -z "${KEY_POLICY:-}" ] || { echo "$KEY_POLICY"; exit; } ;;
esac
case "$*" in
*" get-"*) echo "NoSuchEntity or NotFound" >&2; exit 254 ;;
esac
{
	printf 'call'
	for a in "$@"; do printf ' [%s]' "$a"; done
	echo
	for a in "$@"; do case $a in
	file:///dev/stdin) cat ;;
	file://*) cat "${a#file://}" ;;
	esac; done
} >>"$LOG"
`

// run runs the script of repairs with the fake program, and gives what that was called with.
func run(t *testing.T, r *finding.Repairs, o repair.Options, env ...string) (log, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	for name, text := range map[string]string{"bin/aws": fakeAWS, "bin/sleep": "#!/bin/sh\n"} {
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out := written(t, "aws-cli", r, o)
	path := filepath.Join(dir, "repairs.sh")
	if o.Dir != "" {
		path = filepath.Join(o.Dir, "repairs.sh")
	} else if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-n", path).CombinedOutput(); err != nil {
		t.Fatalf("sh -n: %v\n%s", err, out)
	}
	cmd := exec.Command("sh", path)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LOG=" + filepath.Join(dir, "log")}, env...)
	b, err := cmd.CombinedOutput()
	logged, _ := os.ReadFile(filepath.Join(dir, "log"))
	if left, _ := filepath.Glob(filepath.Join(dir, "*owned*")); len(left) > 0 {
		t.Errorf("the script ran text of a name: %v", left)
	}
	return string(logged), string(b), err
}

var profiles = []string{"PROFILE_111111111111=111111111111", "PROFILE_222222222222=222222222222", "PROFILE_333333333333=333333333333"}

// replace lets a script run against a program that has nothing.
var replace = append([]string{"REPLACE=yes"}, profiles...)

// TestScriptKeepsOtherChanges sees that a document is replaced only where it is the one that was read.
func TestScriptKeepsOtherChanges(t *testing.T) {
	t.Parallel()
	_, output, err := run(t, sample(), repair.Options{}, profiles...)
	if err == nil || !strings.Contains(output, "replicate-exports is not as it was read") {
		t.Errorf("%v: %s", err, output)
	}
	key := finding.Target{Kind: finding.KeyPolicy, AccountID: "333333333333", Region: "eu-west-1", Resource: backup}
	for _, step := range []struct{ before, now, after, want string }{
		{"", `{"a": 1}`, "{}", "is there already"},
		{`{"a": 1}`, `{"a": 2}`, "{}", "is not as it was read"},
		{`{"a": 1}`, `{"a": 1}`, "{}", ""},
		{`{"a": 1}`, "{}", "{}", ""}, // the second time
	} {
		r := &finding.Repairs{Changes: []finding.Change{{Target: key, Before: step.before, After: step.after}}}
		log, output, err := run(t, r, repair.Options{}, append([]string{"KEY_POLICY=" + step.now}, profiles...)...)
		if (err != nil) != (step.want != "") || !strings.Contains(output, step.want) || strings.Contains(log, "put-key-policy") != (step.want == "") {
			t.Errorf("%+v: %v: %s\n%s", step, err, output, log)
		}
	}
}

func TestScriptRuns(t *testing.T) {
	t.Parallel()
	alone, output, err := run(t, sample(), repair.Options{}, replace...)
	if err != nil || output != "" {
		t.Fatalf("%v\n%s", err, output)
	}
	golden(t, "calls.txt", alone)

	files, output, err := run(t, sample(), repair.Options{Dir: t.TempDir()}, replace...)
	if err != nil || output != "" {
		t.Fatalf("%v\n%s", err, output)
	}
	if documents(files) != documents(alone) {
		t.Errorf("with files it is\n%s\nnot\n%s", documents(files), documents(alone))
	}
}

// documents are the lines of a log that are no calls.
func documents(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "call") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestScriptIsHeldToAccounts sees that nothing is called in an account whose credentials are not there.
func TestScriptIsHeldToAccounts(t *testing.T) {
	t.Parallel()
	log, output, err := run(t, sample(), repair.Options{}, "CALLER=333333333333", "REPLACE=yes")
	if err == nil || !strings.Contains(output, "left out: changes in account 111111111111") || !strings.Contains(output, "not complete") {
		t.Errorf("%v: %s", err, output)
	}
	if !strings.Contains(log, "backup-audit") || strings.Contains(log, " [iam]") || strings.Contains(log, "put-bucket-replication") {
		t.Errorf("calls:\n%s", log)
	}
}

// TestScriptWithHostileNames sees that names and documents are never more than data.
func TestScriptWithHostileNames(t *testing.T) {
	t.Parallel()
	for _, o := range []repair.Options{{}, {Dir: t.TempDir()}} {
		if _, output, err := run(t, hostile(), o, replace...); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	const path = "/it's$(touch${IFS}owned)`touch${IFS}owned`\";&|<>/"
	document, _ := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{}, "Id": "'\"$(touch owned)`touch owned`\\\nJSON\nJSON"})
	r := &finding.Repairs{Changes: []finding.Change{
		{Target: role(finding.TrustPolicy, "arn:aws:iam::111111111111:role"+path+"-r=x", ""), After: string(document)},
		{Target: role(finding.RolePolicy, "arn:aws:iam::111111111111:role"+path+"-r=x", "--policy-document"), After: string(document)},
	}}
	log, output, err := run(t, r, repair.Options{}, replace...)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{"[" + path + "]", "[--role-name=-r=x]", "[--policy-name=--policy-document]"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in the calls:\n%s", want, log)
		}
	}
	var got bytes.Buffer
	if err := json.Compact(&got, []byte(strings.Split(documents(log), "\n")[0])); err != nil || got.String() != string(document) {
		t.Errorf("%v: the document is %s, not %s", err, &got, document)
	}
}
