package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report/reporttest"
	"crosscheck/scanner/client"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// typed runs one command as the program would and returns its exit status and
// what it wrote.
func (p *program) typed(t *testing.T, in string, command func(*terminal.Streams, client.Loader) *cobra.Command, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	s, out, errs := p.streams(in)
	cmd := command(s, p.config)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	status = conclude(s, cmd.ExecuteContext(t.Context()))
	return status, out.String(), errs.String()
}

var (
	times  = regexp.MustCompile(`"(started_at|finished_at)": ?"[^"]*"`)
	calls  = regexp.MustCompile(`"calls":\[[^]]*\]`) // made or retried, and for how long
	runIDs = regexp.MustCompile(`"id": ?"[0-9]{8}T[0-9]{6}Z-[a-z0-9]+"`)
)

func withoutTimes(report string) string {
	report = calls.ReplaceAllString(report, `"calls":[]`)
	return runIDs.ReplaceAllString(times.ReplaceAllString(report, `"$1": "T"`), `"id": "RUN"`)
}

// TestFactsAreJudgedAsAWSIs: a file of facts gives the same report, byte for
// byte but for times and ids, as reading AWS.
func TestFactsAreJudgedAsAWSIs(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	config := filepath.Join(t.TempDir(), "crosscheck.yaml")
	if err := os.WriteFile(config, testdata.DemoConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	wantStatus, live, stderr := p.typed(t, "", newScanCommand, "--config", config, "-o", "json", "-q")
	if wantStatus != exitFindings || stderr != "" {
		t.Fatalf("scan: status %d, %s", wantStatus, stderr)
	}
	path := filepath.Join(t.TempDir(), "facts.jsonl")
	status, stdout, stderr := p.typed(t, "", newFactsCommand, "--config", config, "-o", path, "-q")
	if status != exitIncomplete || stdout != "" || !strings.HasPrefix(stderr, "crosscheck: incomplete: ") {
		t.Fatalf("facts: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("facts are for their owner alone: %v, %v", info.Mode(), err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]struct{ arg, in string }{"from a file": {path, ""}, "from standard input": {"-", string(file)}} {
		status, offline, stderr := p.typed(t, read.in, newScanCommand, "--config", config, "--facts", read.arg, "-o", "json")
		if status != wantStatus || stderr != "" {
			t.Errorf("%s: status %d, %s", name, status, stderr)
		}
		if diff := cmp.Diff(withoutTimes(live), withoutTimes(offline)); diff != "" {
			t.Errorf("%s (-live +facts):\n%s", name, diff)
		}
	}
	if strings.Contains(string(file), sandbox.DefaultSecretKey) {
		t.Error("the facts hold a secret")
	}

	status, stdout, _ = p.typed(t, "", newFactsCommand, "--config", config, "--allow-incomplete")
	if status != exitClean || strings.Count(stdout, "\n") != strings.Count(string(file), "\n") {
		t.Errorf("to standard output: status %d, %d lines of %d", status, strings.Count(stdout, "\n"), strings.Count(string(file), "\n"))
	}
}

func TestFactsGoingWrong(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	dir := t.TempDir()
	old := filepath.Join(dir, "old.jsonl")
	if err := os.WriteFile(old, []byte("as it was"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"a directory", []string{"-o", dir}, "crosscheck: " + dir + " is a directory, not a file; choose another file with --output\n"},
		{"a folder that is not there", []string{"-o", filepath.Join(dir, "no", "facts")}, "crosscheck: " + filepath.Join(dir, "no", "facts") + " cannot be written: no such file or directory; choose another file with --output\n"},
		{"a role that is not there", []string{"--role-name", "nobody", "-o", old}, "crosscheck: the role nobody cannot be assumed in any of 4 accounts"},
		{"an account that is none", []string{"--accounts", "prod", "-o", old}, "crosscheck: --accounts: \"prod\" is not an account id; an account id has 12 digits\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := p.typed(t, "", newFactsCommand, c.args...)
			if status != exitUsage || stdout != "" || !strings.HasPrefix(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("status %d, stdout %q, stderr %q\nwant %q", status, stdout, stderr, c.want)
			}
		})
	}
	if data, err := os.ReadFile(old); err != nil || string(data) != "as it was" {
		t.Errorf("the old file was touched: %q, %v", data, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("files were left behind: %v, %v", entries, err)
	}
}
