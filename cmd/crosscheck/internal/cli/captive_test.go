package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"crosscheck/canary/journal"
	"crosscheck/testdata"
)

// pages are what a captive proxy answers with in place of S3.
var pages = map[string]struct{ media, body string }{
	"HTML":  {"text/html", "<html><body>Log in</body></html>"},
	"empty": {"", ""},
	"XML":   {"application/xml", `<?xml version="1.0"?><ListVersionsResult/>`},
}

func page(r *http.Request, media, body string) *http.Response {
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	if media != "" {
		res.Header.Set("Content-Type", media)
	}
	return res
}

// TestCaptiveProxy: from the first DELETE of the clean-up on, a proxy answers in place of S3. The canary
// does not say that it has cleaned up, its journal stays, and a sweep behind the same
// proxy removes nothing and says so; one without it removes everything.
func TestCaptiveProxy(t *testing.T) {
	t.Parallel()
	for name, captive := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, testdata.DemoWorld)
			var caught atomic.Bool
			p.client = doFunc(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodDelete && r.URL.Query().Get("versionId") != "null" {
					caught.Store(true)
				}
				if caught.Load() {
					return page(r, captive.media, captive.body), nil
				}
				return p.box.HTTPClient().Do(r)
			})
			journals := filepath.Join(p.state, "crosscheck", "canary")
			status, out, errs := p.run(t.Context(), "canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain")
			if left, _ := journal.List(journals); status != exitFindings || len(left) != 1 || !caught.Load() {
				t.Errorf("canary: exit %d, journals %v\n%s%s", status, left, out, errs)
			}
			status, out, errs = p.run(t.Context(), "canary", "sweep")
			if left, _ := journal.List(journals); status != exitFindings || len(left) != 1 || strings.Contains(out, " 0 left") {
				t.Errorf("sweep: exit %d, journals %v\n%s%s", status, left, out, errs)
			}
			p.client = nil
			if status, out, errs := p.run(t.Context(), "canary", "sweep"); status != exitClean {
				t.Errorf("sweep without the proxy: exit %d\n%s%s", status, out, errs)
			}
			nothingLeft(t, p.box, testdata.DemoWorld)
			p.noJournal(t)
		})
	}
}

// TestCaptiveBeforePut: where a proxy answers in place of S3 whether versions may be deleted,
// no probe is put.
func TestCaptiveBeforePut(t *testing.T) {
	t.Parallel()
	for name, captive := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, testdata.DemoWorld)
			var deletes, puts atomic.Int32
			p.client = doFunc(func(r *http.Request) (*http.Response, error) {
				switch r.Method {
				case http.MethodPut:
					puts.Add(1)
				case http.MethodDelete:
					deletes.Add(1)
					return page(r, captive.media, captive.body), nil
				}
				return p.box.HTTPClient().Do(r)
			})
			status, out, errs := p.run(t.Context(), "canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain")
			if status != exitIncomplete || puts.Load() > 0 || deletes.Load() == 0 || !strings.Contains(out, "whether a probe could be") {
				t.Errorf("exit %d, %d objects put, %d deletes\n%s%s", status, puts.Load(), deletes.Load(), out, errs)
			}
			p.noJournal(t)
		})
	}
}

// TestCaptiveObjectLock: where the answer about Object Lock is none, no probe is put: it
// could not be removed.
func TestCaptiveObjectLock(t *testing.T) {
	t.Parallel()
	for name, captive := range map[string]struct{ media, body string }{
		"HTML": pages["HTML"], "empty": pages["empty"], "an empty document": {"application/xml", "<ObjectLockConfiguration/>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, testdata.DemoWorld)
			var puts atomic.Int32
			p.client = doFunc(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPut {
					puts.Add(1)
				}
				if r.Method == http.MethodGet && r.URL.Query().Has("object-lock") {
					return page(r, captive.media, captive.body), nil
				}
				return p.box.HTTPClient().Do(r)
			})
			status, out, errs := p.run(t.Context(), "canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain")
			if status == exitClean || puts.Load() > 0 {
				t.Errorf("exit %d, %d objects put\n%s%s", status, puts.Load(), out, errs)
			}
			p.noJournal(t)
		})
	}
}

// TestRedirects: no command follows a redirect to another host, whatever it asks.
func TestRedirects(t *testing.T) {
	t.Parallel()
	run := filepath.Join(t.TempDir(), "run.jsonl")
	if status, _, errs := served(t, testdata.DemoWorld).run(t.Context(), "scan", "-q", "-o", "jsonl="+run); status == exitUsage {
		t.Fatal(errs)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came to the other host", r.Method, r.URL)
		http.Error(w, "no", http.StatusTeapot)
	}))
	t.Cleanup(other.Close)
	statuses := []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusFound, http.StatusMovedPermanently}
	direct := []string{"--source", "orders-invoices", "--destination", "backup-invoices", "--yes", "--variant", "plain", "--timeout", "1s"}
	for name, test := range map[string]struct {
		args []string
		when func(*http.Request) bool // nil = always
	}{
		"scan":             {args: []string{"scan", "--account-only"}},
		"buckets":          {args: []string{"scan"}, when: func(r *http.Request) bool { return r.Method == http.MethodGet && len(r.URL.Path) > 1 }},
		"canary":           {args: append([]string{"canary"}, direct...)},
		"canary, put":      {args: []string{"canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain"}, when: func(r *http.Request) bool { return r.Method == http.MethodPut }},
		"canary, delete":   {args: []string{"canary", "--link", "orders-invoices/to-backup→backup-invoices", "--yes", "--variant", "plain"}, when: func(r *http.Request) bool { return r.Method == http.MethodDelete }},
		"canary, endpoint": {args: append([]string{"canary", "--endpoint", "ENDPOINT"}, direct...)},
		"watch":            {args: []string{"canary", "watch", "--source", "orders-invoices", "--yes", "--rounds", "1", "--listen", "127.0.0.1:0"}},
		"sweep":            {args: []string{"canary", "sweep", "--bucket", "orders-invoices"}},
		"Security Hub":     {args: []string{"report", "--from", run, "--send", "securityhub"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := exported(t, testdata.DemoWorld)
			var led atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if test.when != nil && !test.when(r) {
					p.box.ServeHTTP(w, r)
					return
				}
				http.Redirect(w, r, other.URL+r.URL.RequestURI(), statuses[int(led.Add(1))%len(statuses)])
			}))
			t.Cleanup(server.Close)
			args := slices.Clone(test.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "ENDPOINT", server.URL)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
			cmd.Env = append(os.Environ(), append(p.environ, "AWS_ENDPOINT_URL="+server.URL, "XCTEST_MAIN=1")...)
			out, err := cmd.CombinedOutput()
			if err == nil || led.Load() == 0 {
				t.Errorf("%v, %d redirects\n%s", err, led.Load(), out)
			}
		})
	}
}
