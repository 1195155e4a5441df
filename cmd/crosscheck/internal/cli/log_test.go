package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"crosscheck/cmd/crosscheck/internal/progress"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/report/reporttest"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
	"crosscheck/testdata"
)

// doFunc is an HTTP client.
type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// secretive is the program with a world as its AWS. It remembers what must not be
// written down: keys, session tokens, authorization headers and their signatures.
func secretive(t *testing.T, world []byte) (p *program, secrets func() []string) {
	t.Helper()
	p = served(t, world)
	var mu sync.Mutex
	seen := map[string]bool{sandbox.DefaultSecretKey: true}
	handedOut := regexp.MustCompile(`<(SecretAccessKey|SessionToken|AccessKeyId)>([^<]+)<`)
	p.client = doFunc(func(r *http.Request) (*http.Response, error) {
		answer, err := p.box.HTTPClient().Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			return nil, err
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		authorization := r.Header.Get("Authorization")
		_, signature, _ := strings.Cut(authorization, "Signature=")
		for _, s := range []string{authorization, signature, r.Header.Get("X-Amz-Security-Token")} {
			seen[s] = true
		}
		for _, m := range handedOut.FindAllSubmatch(body, -1) {
			seen[string(m[2])] = true
		}
		return answer, nil
	})
	return p, func() []string {
		mu.Lock()
		defer mu.Unlock()
		var list []string
		for s := range seen {
			if s != "" {
				list = append(list, s)
			}
		}
		return list
	}
}

// TestNothingSecretIsWritten: no key, token, authorization or signature of a run
// stands in any of its outputs, its run file, its facts, its log or its error lines.
func TestNothingSecretIsWritten(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	p, secrets := secretive(t, append(bytes.Clone(testdata.DemoWorld), []byte(`
faults:
  - {operation: "s3:GetBucketPolicy", bucket: orders-ledger, kind: access_denied}
  - {operation: "kms:DescribeKey", kind: error, count: 2}
  - {operation: "s3:GetBucketVersioning", kind: throttling, count: 3}
  - {operation: "s3:GetBucketEncryption", account: "333333333333", kind: expired_token, count: 1}
`)...))
	dir := t.TempDir()
	config := filepath.Join(dir, "crosscheck.yaml")
	if err := os.WriteFile(config, testdata.DemoConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	var logs []string
	for _, format := range []string{"text", "json"} {
		args := []string{"scan", "--config", config, "--debug", "--log-format", format}
		for _, f := range output.Formats() {
			args = append(args, "-o", f+"="+filepath.Join(dir, format+"-"+f))
		}
		status, stdout, stderr := p.run(t.Context(), args...)
		if status != exitFindings {
			t.Fatalf("exit status %d: %s", status, stderr)
		}
		logs = append(logs, stdout, stderr)
		_, stdout, stderr = p.run(t.Context(), "facts", "--config", config, "--debug", "--log-format", format)
		logs = append(logs, stdout, stderr)
		_, stdout, stderr = p.run(t.Context(), "drill", "--config", config, "--debug", "--log-format", format, "--yes", "--journal", dir,
			"--timeout", "2s", "--absence", "200ms", "--link", "orders-invoices/to-backup->backup-invoices", "-o", "json")
		logs = append(logs, stdout, stderr)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, f := range files {
		if f.Type().IsRegular() {
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			logs = append(logs, string(text))
			read++
		}
	}
	if want := 2 * len(output.Formats()); read < want {
		t.Errorf("%d files, want at least %d", read, want)
	}
	list := secrets()
	if len(list) < 300 {
		t.Errorf("only %d secrets were seen", len(list))
	}
	for _, secret := range list {
		for _, text := range logs {
			if i := strings.Index(text, secret); i >= 0 {
				t.Fatalf("%q stands in %q", secret, text[max(0, i-80):min(len(text), i+len(secret)+40)])
			}
		}
	}
	// A secret is found where there is one.
	if !slices.ContainsFunc(logs, func(text string) bool { return strings.Contains(text, "s3:GetBucketReplication") }) {
		t.Error("no log names a call")
	}
}

// TestDebugLogsCalls: each call once, with what went wrong with it.
func TestDebugLogsCalls(t *testing.T) {
	t.Parallel()
	p, _ := secretive(t, append(bytes.Clone(testdata.DemoWorld), []byte(`
faults:
  - {operation: "s3:GetBucketPolicy", bucket: orders-ledger, kind: throttling, count: 1}
`)...))
	run := filepath.Join(t.TempDir(), "run.json")
	status, _, stderr := p.run(t.Context(), "scan", "--role-name", "crosscheck-audit", "--accounts", "111111111111,444444444444", "--debug", "--log-format", "json", "-o", "json="+run)
	if status != exitFindings && status != exitIncomplete {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	var told struct {
		Run struct {
			Calls []report.Calls `json:"calls"`
		} `json:"run"`
	}
	text, err := os.ReadFile(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, c := range told.Run.Calls {
		want[c.API] = c.Calls
	}
	got := map[string]int{}
	retried, denied, last := 0, 0, ""
	for line := range strings.Lines(stderr) {
		var r struct {
			Time, Level, Msg, Account, Region, API, Code string
			TookMS                                       float64 `json:"took_ms"`
			Retries, Status                              *int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		last = r.Msg
		if r.Level != "DEBUG" {
			continue
		}
		got[r.API]++
		if *r.Retries == 1 && r.API == "s3:GetBucketPolicy" && *r.Status == 404 && r.Account == "111111111111" && r.Region == "us-east-1" && r.Code == "NoSuchBucketPolicy" && r.TookMS > 0 {
			retried++
		}
		if r.API == "sts:AssumeRole" && r.Account == "444444444444" && r.Code == "AccessDenied" && *r.Status == 403 {
			denied++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("calls (-report +log):\n%s", diff)
	}
	if retried != 1 || denied != 1 || last != "scanned" {
		t.Errorf("%d calls retried, %d denied, want 1 and 1; the last line is %q", retried, denied, last)
	}
}

// TestProgressOfAScan: what is told of an account of 5,000 buckets, of which 1,000 were
// read before and 50 a second are, and how long it will take.
func TestProgressOfAScan(t *testing.T) {
	t.Parallel()
	var world strings.Builder
	world.WriteString("accounts:\n  - id: \"111111111111\"\n    name: one\n    buckets:\n")
	for i := range 5000 {
		fmt.Fprintf(&world, "      - {name: bucket-%d, region: us-east-1}\n", i)
	}
	for _, format := range []terminal.Format{"text", "json"}[:sandboxtest.Sample(2, 1)] {
		t.Run(format.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, err := sandbox.Load("world.yaml", []byte(world.String()))
				if err != nil {
					t.Fatal(err)
				}
				box, err := sandbox.New(w)
				if err != nil {
					t.Fatal(err)
				}
				if err := box.AddFault(sandbox.Fault{Operation: "s3:GetBucketReplication", Kind: sandbox.Latency, Delay: 990 * time.Millisecond}); err != nil {
					t.Fatal(err)
				}
				cfg := aws.Config{Region: "us-east-1", HTTPClient: box.HTTPClient(),
					Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")}
				var told lines
				s := &terminal.Streams{Err: &told}
				log := &terminal.Log{Format: format}
				meter := new(scanner.Meter)
				known := func(_, bucket string) (int, bool) {
					return 0, bucket >= "bucket-4" && len(bucket) == len("bucket-4000")
				}
				p := progress.Of(s, log, false, false, meter)
				options := scanner.Options{AccountOnly: true, Concurrency: 50, Meter: meter, Done: known}
				err = scanner.Scan(t.Context(), cfg, options, func(m fact.Message) error {
					p.Read(m)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				p.Done()
				p.Finished()
				got := told.all()
				if len(got) != 3 {
					t.Fatalf("%q", got)
				}
				if format == "text" {
					want := []string{
						"crosscheck: 0/1 accounts, 2500/5000 buckets, 0 links, 50 calls/s, 30s, about 50s left\n",
						"crosscheck: 0/1 accounts, 4000/5000 buckets, 0 links, 50 calls/s, 1m0s, about 20s left\n",
						"crosscheck: 4003 calls to AWS in 1m19.2s (4000 s3:GetBucketReplication, 1 organizations:DescribeOrganization, 1 s3:ListBuckets, 1 other), 0 retries, 0 throttled\n",
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Error(diff)
					}
					return
				}
				var r map[string]any
				if err := json.Unmarshal([]byte(got[1]), &r); err != nil {
					t.Fatal(err)
				}
				delete(r, "time")
				want := map[string]any{"level": "INFO", "msg": "progress", "accounts_done": 0.0, "accounts": 1.0, "buckets_done": 4000.0, "buckets": 5000.0,
					"links": 0.0, "calls": 3003.0, "calls_per_second": 50.0, "throttles": 0.0, "ran_s": 60.0, "left_s": 20.0}
				if diff := cmp.Diff(want, r); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
