package audit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/output"
	"crosscheck/report/reporttest"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// resumable scans a world again and again, each time with an engine of its own.
type resumable struct {
	*faultWorld
	cfg       aws.Config
	box       *sandbox.Sandbox
	baseline  *compare.Baseline
	failOnNew bool
}

func newResumable(t *testing.T, w *faultWorld, faults ...sandbox.Fault) *resumable {
	t.Helper()
	box, err := sandbox.New(w.world(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if err := box.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	return &resumable{faultWorld: w, box: box, cfg: aws.Config{
		Region: "us-east-1", HTTPClient: box.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
	}}
}

var errPulled = errors.New("the plug was pulled")

// plug passes n messages on and then fails.
func plug(w report.Writer, n int) report.Writer {
	return reporttest.Each(func(m report.Message) error {
		if n--; n < 0 {
			return errPulled
		}
		return m.Send(w)
	})
}

// scan writes run.jsonl and run.json into dir. resume names the run file to
// continue, "" = none; n is how many messages pass before the plug is pulled, below
// 0 = all. It gives how many replication configurations were asked for.
func (r *resumable) scan(t *testing.T, dir, resume string, n int) (asked int, err error) {
	t.Helper()
	engine, err := r.engine()
	if err != nil {
		t.Fatal(err)
	}
	set := &output.Set{
		Outputs:  []output.Output{{Format: "jsonl", Path: filepath.Join(dir, "run.jsonl")}, {Format: "json", Path: filepath.Join(dir, "run.json")}},
		Stdout:   io.Discard,
		Gate:     report.Gate{FailOnNew: r.failOnNew},
		Baseline: r.baseline,
	}
	before := r.configurations()
	_, err = set.Run(func(w report.Writer) error {
		a := Audit{Engine: engine, Version: "test", Keep: set.Keep}
		options := r.options
		options.Needs, options.RunID, options.Concurrency = r.needs, "run", 4
		options.Meter = new(scanner.Meter)
		a.Additions = options.Meter.Additions
		if resume != "" {
			if a.Resume, err = Resume(t.Context(), resume, "test", engine); err != nil {
				return err
			}
			options.RunID, options.Done = a.Resume.Run.ID, a.Resume.Judged
		}
		if n >= 0 {
			w = plug(w, n)
		}
		return a.Run(t.Context(), func(ctx context.Context, emit func(fact.Message) error) error {
			return scanner.Scan(ctx, r.cfg, options, emit)
		}, w)
	})
	return r.configurations() - before, err
}

func (r *resumable) configurations() int {
	n := 0
	for call, times := range r.box.Calls() {
		if call.Operation == "s3:GetBucketReplication" {
			n += times
		}
	}
	return n
}

var runTimes = regexp.MustCompile(`"(started|finished)_at":"[^"]*"`)

func timeless(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return runTimes.ReplaceAllString(string(b), `"${1}_at":""`)
}

// A run that is interrupted after any message, even several times, and continued
// ends with the bytes of one that was not, gaps included, and what stood in its
// file is not asked for again.
func TestInterruptedRunsResumeToTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, w := range fewWorlds(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newResumable(t, w, sandbox.Fault{Operation: "s3:GetBucketPolicy", Bucket: "*s", Kind: sandbox.AccessDenied})
			whole := t.TempDir()
			all, err := r.scan(t, whole, "", -1)
			if err != nil {
				t.Fatal(err)
			}
			want := timeless(t, filepath.Join(whole, "run.json"))
			text, err := os.ReadFile(filepath.Join(whole, "run.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			messages := bytes.Count(text, []byte("\n"))
			saved := false
			after := []int{bytes.Count(text[:bytes.LastIndex(text, []byte(`"judged"`))], []byte("\n")) + 1} // all buckets are judged
			for n := 1; n < messages; n += 1 + messages/7 {
				after = append(after, n)
			}
			for _, n := range after {
				dir := t.TempDir()
				if _, err := r.scan(t, dir, "", n); !errors.Is(err, errPulled) {
					t.Fatalf("after %d messages: %v", n, err)
				}
				partial := filepath.Join(dir, "run.jsonl.partial")
				if n%2 == 0 { // and once more, later
					if _, err := r.scan(t, dir, partial, n+messages/3); err != nil && !errors.Is(err, errPulled) {
						t.Fatal(err)
					} else if err == nil {
						partial = filepath.Join(dir, "run.jsonl")
					}
				}
				asked, err := r.scan(t, dir, partial, -1)
				if err != nil {
					t.Fatalf("after %d messages, continued: %v", n, err)
				}
				if got := timeless(t, filepath.Join(dir, "run.json")); got != want {
					t.Fatalf("after %d of %d messages the continued run differs:\n%s\nwant\n%s", n, messages, got, want)
				}
				saved = saved || asked < all
				if left, _ := filepath.Glob(filepath.Join(dir, "*partial*")); len(left) > 0 && partial != left[0] {
					t.Errorf("left behind: %v", left)
				}
			}
			if !saved {
				t.Errorf("every continued run asked for all %d configurations again", all)
			}
		})
	}
}

// A file that was cut anywhere is continued from its last whole line; what is no
// part of a run file is refused.
func TestResumeRepairsACutFile(t *testing.T) {
	t.Parallel()
	w := fewWorlds(t)[0]
	r := newResumable(t, w)
	dir := t.TempDir()
	all, err := r.scan(t, dir, "", -1)
	if err != nil {
		t.Fatal(err)
	}
	want := timeless(t, filepath.Join(dir, "run.json"))
	text, err := os.ReadFile(filepath.Join(dir, "run.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if asked, err := r.scan(t, dir, filepath.Join(dir, "run.jsonl"), -1); err != nil || asked != 0 {
		t.Errorf("continuing a run that ended asked for %d configurations, %v", asked, err)
	}
	first := bytes.IndexByte(text, '\n') + 1
	random := rand.New(rand.NewPCG(1, 2))
	for range sandboxtest.Sample(12, 2) {
		dir := t.TempDir()
		cut := filepath.Join(dir, "cut.jsonl")
		n := first + random.IntN(len(text)-first)
		if err := os.WriteFile(cut, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		asked, err := r.scan(t, dir, cut, -1)
		if err != nil || asked > all {
			t.Fatalf("cut at byte %d: %d configurations asked for, %v", n, asked, err)
		}
		if got := timeless(t, filepath.Join(dir, "run.json")); got != want {
			t.Fatalf("cut at byte %d: the continued run differs:\n%s", n, got)
		}
	}

	broken := func(name string, b []byte, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := r.scan(t, t.TempDir(), path, -1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	broken("empty", nil, "it is empty")
	broken("header cut", text[:first-5], "it is empty")
	broken("middle cut", append(bytes.Clone(text[:first+1]), text[first+2:]...), "line 2") // the quote of the key, whatever line came second
	sealed := func(old, new string) []byte {
		return []byte(reporttest.Seal(strings.Replace(string(text), old, new, 1)))
	}
	broken("other rules", sealed(`"judge":"`, `"judge":"x`), "other rules")
	broken("altered", bytes.Replace(text, []byte(`"status":"fail"`), []byte(`"status":"pass"`), 1), "the digest does not fit")
	broken("without a bucket", []byte(reporttest.Seal(regexp.MustCompile(`(?m)^\{"judged":.*\n`).ReplaceAllString(string(text), ""))), "cannot be continued")
	broken("no judge", bytes.Replace(text, []byte(`"judge":"`), []byte(`"judge":"","x":"`), 1), "unknown field")
	broken("other scope", sealed(`"mode":"organization"`, `"mode":"accounts"`), "another scope")
	if _, err := r.scan(t, t.TempDir(), dir, -1); err == nil || !strings.Contains(err.Error(), "not a run file") {
		t.Errorf("a directory: %v", err)
	}
}

// TestResumeAgainstABaseline: a run that is continued is compared with the baseline of
// now, and ends as a run that was not interrupted.
func TestResumeAgainstABaseline(t *testing.T) {
	t.Parallel()
	w := faultWorlds(t)[0]
	r := newResumable(t, w)
	dir := t.TempDir()
	if _, err := r.scan(t, dir, "", -1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	half := 0 // a baseline with every other fault
	less := regexp.MustCompile(`(?m)^\{"finding":.*"status":"fail".*\n`).ReplaceAllStringFunc(string(text), func(line string) string {
		if half++; half%2 == 0 {
			return ""
		}
		return line
	})
	less = reporttest.Seal(less)
	baseline := func(text string) *compare.Baseline {
		b := compare.NewBaseline()
		if err := report.Replay(strings.NewReader(text), b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	r.baseline, r.failOnNew = baseline(less), true
	whole := t.TempDir()
	if _, err := r.scan(t, whole, "", -1); err != nil {
		t.Fatal(err)
	}
	want := timeless(t, filepath.Join(whole, "run.json"))
	if !strings.Contains(want, `"baseline":"new"`) || !strings.Contains(want, `"baseline":"existing"`) || !strings.Contains(want, `"exit_status":1`) {
		t.Fatalf("the baseline has every fault, or none:\n%s", want)
	}
	messages := bytes.Count(text, []byte("\n"))
	for n := 1; n < messages; n += 1 + messages/sandboxtest.Sample(5, 1) {
		dir := t.TempDir()
		r.baseline, r.failOnNew = baseline(string(text)), false // another one, which has every fault
		if _, err := r.scan(t, dir, "", n); !errors.Is(err, errPulled) {
			t.Fatalf("after %d messages: %v", n, err)
		}
		r.baseline, r.failOnNew = baseline(less), true
		if _, err := r.scan(t, dir, filepath.Join(dir, "run.jsonl.partial"), -1); err != nil {
			t.Fatal(err)
		}
		if got := timeless(t, filepath.Join(dir, "run.json")); got != want {
			t.Fatalf("after %d of %d messages the continued run differs:\n%s\nwant\n%s", n, messages, got, want)
		}
	}
}

// TestResumeKeepsAdditions: the elements that this version does not know, of answers about
// buckets that are not read again, are in the coverage of the run that is continued, too.
func TestResumeKeepsAdditions(t *testing.T) {
	t.Parallel()
	r := newResumable(t, faultWorlds(t)[1])
	r.cfg.HTTPClient = doFunc(func(q *http.Request) (*http.Response, error) {
		res, err := r.box.HTTPClient().Do(q)
		if err != nil || res.StatusCode != http.StatusOK || !q.URL.Query().Has("notification") {
			return res, err
		}
		text, _ := io.ReadAll(res.Body)
		bucket := strings.Trim(q.URL.Path, "/")
		answered(res, bytes.Replace(text, []byte("</NotificationConfiguration>"), []byte("<Of-"+bucket+"/></NotificationConfiguration>"), 1))
		return res, nil
	})
	whole := t.TempDir()
	if _, err := r.scan(t, whole, "", -1); err != nil {
		t.Fatal(err)
	}
	want := timeless(t, filepath.Join(whole, "run.json"))
	if n := strings.Count(want, "s3:GetBucketNotificationConfiguration NotificationConfiguration/Of-"); n < 2 {
		t.Fatalf("%d additions in\n%s", n, want)
	}
	text, err := os.ReadFile(filepath.Join(whole, "run.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	messages := bytes.Count(text, []byte("\n"))
	for n := 1; n < messages; n += 1 + messages/sandboxtest.Sample(12, 3) {
		dir := t.TempDir()
		if _, err := r.scan(t, dir, "", n); !errors.Is(err, errPulled) {
			t.Fatalf("after %d messages: %v", n, err)
		}
		partial := filepath.Join(dir, "run.jsonl.partial")
		if _, err := r.scan(t, dir, partial, n+messages/4); err == nil { // interrupted once more, or not
			partial = filepath.Join(dir, "run.jsonl")
		} else if !errors.Is(err, errPulled) {
			t.Fatal(err)
		}
		if _, err := r.scan(t, dir, partial, -1); err != nil {
			t.Fatal(err)
		}
		if got := timeless(t, filepath.Join(dir, "run.json")); got != want {
			t.Fatalf("after %d of %d messages the continued run differs:\n%s\nwant\n%s", n, messages, got, want)
		}
	}
}
