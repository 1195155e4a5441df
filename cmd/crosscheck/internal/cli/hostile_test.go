package cli

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crosscheck/report/reporttest"
	"crosscheck/scanner/sandbox/sandboxtest"
)

type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(r *http.Request) (*http.Response, error) { return f(r) }

// inert checks that no line commands a CI system or a terminal.
func inert(t *testing.T, what, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "::"), strings.Contains(line, "##["), strings.Contains(strings.ToLower(line), "##vso["):
			t.Errorf("%s: a CI system would take this for a command: %q", what, line)
		case strings.ContainsAny(line, "\x1b\u202e\r\x00\u009b"):
			t.Errorf("%s: a terminal would do more than show %q", what, line)
		}
	}
}

// TestHostileAnswers: whatever AWS says in its errors, or a user in arguments, no line of
// standard error commands anything: neither of the log, nor of progress, nor the error.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	world, err := os.ReadFile(filepath.Join(repo, "testdata", "worlds", "guide.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(reporttest.Hostile))
	for _, name := range names[:sandboxtest.Sample(len(names), 1)] {
		hostile := reporttest.Hostile[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := served(t, world)
			refuse := func(r *http.Request, s string) (*http.Response, error) {
				var body bytes.Buffer
				header := http.Header{"Content-Type": {"application/xml"}}
				if r.Header.Get("X-Amz-Target") != "" {
					header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}}
					if err := json.NewEncoder(&body).Encode(map[string]string{"__type": s, "Message": s}); err != nil {
						return nil, err
					}
				} else {
					var escaped bytes.Buffer
					if err := xml.EscapeText(&escaped, []byte(s)); err != nil {
						return nil, err
					}
					fmt.Fprintf(&body, "<Error><Code>%s</Code><Message>%s</Message></Error>", escaped.String(), escaped.String())
				}
				return &http.Response{StatusCode: http.StatusForbidden, Header: header, Body: io.NopCloser(&body), Request: r}, nil
			}
			p.client = doer(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.RawQuery, "versioning") || strings.Contains(r.URL.RawQuery, "lifecycle") {
					return refuse(r, hostile)
				}
				return p.box.HTTPClient().Do(r)
			})
			for _, args := range [][]string{{"scan", "--debug"}, {"scan", "--log-format", "json", "--debug"}} {
				_, out, errs := p.run(t.Context(), args...)
				inert(t, "standard output", out)
				inert(t, "standard error", errs)
				if !strings.Contains(out, "s3:GetBucketVersioning") {
					t.Errorf("the gap is not told:\n%s", out)
				}
			}
			p.client = doer(func(r *http.Request) (*http.Response, error) { return refuse(r, hostile) })
			for _, args := range [][]string{{"scan", "--debug"}, {"rules", "show", hostile}, {"scan", "--config", hostile}, {hostile},
				{"scan", "--accounts", hostile}, {"report", hostile}} {
				status, out, errs := p.run(t.Context(), args...)
				if status != exitUsage || errs == "" {
					t.Errorf("%q: exit status %d\n%s", args, status, errs)
				}
				inert(t, "standard output", out)
				inert(t, "standard error", errs)
			}
		})
	}
}
