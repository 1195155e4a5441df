package cli

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/report/reporttest"
	"crosscheck/scanner"
	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
	"crosscheck/testdata"
)

// scanned is the JSON report of a scan of the demo world through cfg.
func scanned(t *testing.T, cfg aws.Config) []byte {
	t.Helper()
	c, err := config.Parse("demo.crosscheck.yaml", testdata.DemoConfig)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := c.Engine()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	source := func(ctx context.Context, emit func(fact.Message) error) error {
		return scanner.Scan(ctx, cfg, scanner.Options{RoleName: c.Scan.RoleName, Needs: engine.Needs(), Wants: engine.Wants, RunID: "run"}, emit)
	}
	set := &output.Set{Outputs: []output.Output{{Format: "json"}}, Stdout: &out}
	if _, err := set.Run(func(w report.Writer) error {
		return (&audit.Audit{Engine: engine, Version: version}).Run(t.Context(), source, w)
	}); err != nil {
		t.Fatal(err)
	}
	times := regexp.MustCompile(`"(started_at|finished_at)": *"[^"]*"`)
	return times.ReplaceAll(out.Bytes(), []byte(`"$1": ""`))
}

// TestScanOverHTTPEqualsInProcess: the sandbox has two doors, and a scan through
// either says the same, byte for byte.
func TestScanOverHTTPEqualsInProcess(t *testing.T) {
	t.Parallel()
	inProcess, _, err := demoAWS()
	if err != nil {
		t.Fatal(err)
	}
	want := scanned(t, inProcess)

	p := served(t, testdata.DemoWorld)
	server := httptest.NewServer(p.box)
	defer server.Close()
	cfg, err := p.config(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient, cfg.BaseEndpoint = nil, &server.URL
	if diff := cmp.Diff(string(want), string(scanned(t, cfg))); diff != "" {
		t.Errorf("over HTTP the report differs (-in process +HTTP):\n%s", diff)
	}
	if !bytes.Contains(want, []byte(`"verdict":"broken"`)) || len(want) < 10_000 {
		t.Errorf("the report is empty:\n%.500s", want)
	}
}

// TestSameInputSameOutput: nothing depends on the order in which goroutines end.
func TestSameInputSameOutput(t *testing.T) {
	t.Parallel()
	var first []byte
	for range 5 {
		cfg, _, err := demoAWS()
		if err != nil {
			t.Fatal(err)
		}
		got := scanned(t, cfg)
		if first == nil {
			first = got
		} else if diff := cmp.Diff(string(first), string(got)); diff != "" {
			t.Fatalf("two scans differ:\n%s", diff)
		}
	}
}

// TestScanThatCannotBeDone: one clear line with a hint, exit status 2, and no
// half-written output.
func TestScanThatCannotBeDone(t *testing.T) {
	t.Parallel()
	expired := append([]byte(nil), testdata.DemoWorld...)
	expired = append(expired, []byte(`
callers:
  - {access_key: ASIAEXPIRED000000000, account: "100000000001", root: true, expires_in: -1h}
  - {access_key: AKIAMEMBER0000000000, account: "111111111111", root: true}
`)...)
	for name, test := range map[string]struct {
		key  string
		args []string
		want []string
	}{
		"unknown access key":    {"AKIANOBODY0000000000", nil, []string{"does not accept the credentials", "InvalidClientTokenId", "AWS_PROFILE"}},
		"expired session":       {"ASIAEXPIRED000000000", nil, []string{"has expired", "log in again"}},
		"wrong role name":       {"", []string{"--role-name", "crosscheck-adit"}, []string{"crosscheck-adit", "--audit-role"}},
		"member lists accounts": {"AKIAMEMBER0000000000", nil, []string{"organizations:ListAccounts", "--accounts", "--account-only"}},
		"bad account id":        {"", []string{"--accounts", "12345"}, []string{"12345"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := served(t, expired)
			if test.key != "" {
				p.accessKey = test.key
			}
			out := filepath.Join(t.TempDir(), "out.json")
			status, stdout, stderr := p.run(t.Context(), append([]string{"scan", "-o", "json=" + out, "-o", "table"}, test.args...)...)
			if status != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("%q does not say %q", stderr, want)
				}
			}
			if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

// TestExitStatus: 1 wins over 3, and 3 over 0.
func TestExitStatus(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	config := filepath.Join(repo, "testdata", "worlds", "demo.crosscheck.yaml")
	for _, test := range []struct {
		want int
		args []string
	}{
		{exitFindings, []string{"--config", config}},
		{exitIncomplete, []string{"--accounts", "111111111111,333333333333,222222222222", "--buckets", "media-partner", "--fail-on", "critical"}},
		{exitClean, []string{"--accounts", "111111111111,333333333333,222222222222", "--buckets", "media-partner", "--fail-on", "critical", "--allow-incomplete"}},
		{exitFindings, []string{"--accounts", "111111111111,333333333333", "--buckets", "orders-invoices", "--fail-on", "info"}},
		{exitClean, []string{"--accounts", "111111111111,333333333333", "--buckets", "orders-invoices", "--fail-on", "medium"}},
	} {
		status, stdout, stderr := p.run(t.Context(), append([]string{"scan"}, test.args...)...)
		if status != test.want {
			t.Errorf("%v: exit status %d, want %d\n%s%s", test.args, status, test.want, stdout, stderr)
		}
	}
}

// TestDemoHasTheAuditRole: the roles of the demo allow what setup audit-role prints.
// UPDATE=1 adds what they lack.
func TestDemoHasTheAuditRole(t *testing.T) {
	t.Parallel()
	world, before := testdata.DemoWorld, []byte(nil)
	for _, action := range ask.Permissions() {
		line := []byte(`                    "` + action + `",` + "\n")
		if bytes.Contains(world, []byte(`"`+action+`"`)) {
			before = line
			continue
		}
		if os.Getenv("UPDATE") == "" {
			t.Errorf("no role of the demo allows %s", action)
		}
		world = bytes.ReplaceAll(world, before, slices.Concat(before, line))
		before = line
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(filepath.Join(repo, "testdata", "worlds", "demo.yaml"), world, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
