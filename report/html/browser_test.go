//go:build integration

package html

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// browserModules installs what drives the browser, pinned by a lock file, into the
// cache folder and returns where it is.
func browserModules(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("XCTEST_CACHE")
	if cache == "" {
		t.Skip("XCTEST_CACHE is not set: run make integration")
	}
	dir := filepath.Join(cache, "browser")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	changed := false
	for _, name := range []string{"package.json", "package-lock.json"} {
		want, err := os.ReadFile(filepath.Join("..", "..", "testdata", "integration", "browser", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, want) {
			changed = true
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "axe-core")); err != nil || changed {
		if out, err := exec.Command("npm", "ci", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline").CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	return dir
}

// browser is what this test needs beside Go. Where it is not there, the test is left
// out, but never in CI.
func browser(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") != "" {
		missing = t.Fatalf
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing("%s is not installed", tool)
		}
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing("no Chromium is installed (Debian: apt-get install chromium)")
	return ""
}

// seen is what testdata/integration/browser.mjs prints of a page.
type seen struct {
	Page       string
	Requests   []string
	Errors     []string
	Violations []struct {
		ColorScheme, ID, Impact, Help string
		At                            []string
	}
	FirstPaintMS                           int
	Title, Headline                        string
	Links, AllMatch, Broken, None, Again   int
	LinkStatus, BrokenStatus               string
	SameGraph, GraphBroken, GraphAgain     bool
	Curves, CurvesOfNone                   int
	BrokenOnly, Followed, SeverityOnly     bool
	Findings, OneSeverity                  int
	FindingStatus                          string
	PlainFilters, PlainLinks               int
	NarrowOverflow, PrintedBodies          int
	sections, broken, findings, pageLength int
}

// The page in a browser that this project did not write: it loads nothing, reports
// no error, filters, can be used by keyboard and without a script, is printed whole,
// and axe-core finds nothing serious in it, in light and dark.
func TestIntegrationBrowser(t *testing.T) {
	chromium := browser(t)
	modules := browserModules(t)
	dir := t.TempDir()
	write := func(name string, o Options, ms []report.Message) string {
		path := filepath.Join(dir, name+".html")
		if err := os.WriteFile(path, render(t, o, ms), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pages := []string{
		write("sample", Options{Rules: map[string]finding.About{"XC002": {ID: "XC002", Title: "t", Description: "Some `code`.", Sources: []string{"https://docs.aws.amazon.com/"}}}}, reporttest.Sample(t)),
		write("5", Options{History: history(12)}, measuredRun(t, 5)), write("61", Options{}, mixed(t, 61, 3)), write("500", Options{History: history(80)}, measuredRun(t, 500)), write("2000", Options{}, organization(t, 2_000)),
		write("empty", Options{}, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}})),
	}
	for _, name := range []string{"HTML", "bidi", "long word", "wide"} {
		pages = append(pages, write("hostile-"+strings.ReplaceAll(name, " ", "-"), Options{}, reporttest.HostileRun(t, reporttest.Hostile[name])))
	}
	demo := filepath.Join(dir, "demo.html")
	if out, err := exec.Command("go", "run", "../../cmd/crosscheck", "demo", "-q", "-o", "html="+demo).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages = append(pages, demo)

	cmd := exec.Command("node", append([]string{filepath.Join("..", "..", "testdata", "integration", "browser.mjs"), chromium}, pages...)...)
	cmd.Env = append(os.Environ(), "BROWSER_MODULES="+modules)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	n := 0
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); n++ {
		var s seen
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(s.Page)
		if err != nil {
			t.Fatal(err)
		}
		s.pageLength = len(page)
		s.sections = bytes.Count(page, []byte(`<details class="link"`))
		s.broken = bytes.Count(page, []byte(`data-v="broken"`))
		s.findings = bytes.Count(page, []byte(`<tr id="f`))
		t.Run(strings.TrimSuffix(filepath.Base(s.Page), ".html"), func(t *testing.T) { s.check(t) })
	}
	if n != len(pages) {
		t.Errorf("%d of %d pages were looked at", n, len(pages))
	}
}

func (s seen) check(t *testing.T) {
	t.Logf("%d bytes, %d links, first paint after %d ms", s.pageLength, s.Links, s.FirstPaintMS)
	if s.pageLength > 5_000_000 {
		t.Errorf("%d bytes", s.pageLength)
	}
	if len(s.Requests) > 0 || len(s.Errors) > 0 {
		t.Errorf("requests %q, errors %q", s.Requests, s.Errors)
	}
	for _, v := range s.Violations {
		if v.Impact == "serious" || v.Impact == "critical" {
			t.Errorf("axe in %s: %s (%s): %s\n%s", v.ColorScheme, v.ID, v.Impact, v.Help, strings.Join(v.At, "\n"))
		} else {
			t.Logf("axe in %s: %s (%s): %s", v.ColorScheme, v.ID, v.Impact, v.Help)
		}
	}
	if !strings.HasPrefix(s.Title, "crosscheck: ") || s.Headline == "" {
		t.Errorf("title %q, headline %q", s.Title, s.Headline)
	}
	if s.Links != s.sections || s.PlainLinks != s.sections || s.PlainFilters != 0 {
		t.Errorf("%d links are seen, %d without a script with %d filters, of %d", s.Links, s.PlainLinks, s.PlainFilters, s.sections)
	}
	if s.sections > 0 {
		if s.AllMatch != s.Links || s.None != 0 || s.Again != s.Links || s.Broken != s.broken || !s.BrokenOnly || !s.Followed {
			t.Errorf("filters: all %d, none %d, again %d, broken %d of %d, only %v, followed %v", s.AllMatch, s.None, s.Again, s.Broken, s.broken, s.BrokenOnly, s.Followed)
		}
		if want := fmt.Sprintf("%d of %d links", s.Broken, s.Links); s.BrokenStatus != want || s.LinkStatus != fmt.Sprintf("%d links", s.Links) {
			t.Errorf("status %q and %q, want %q", s.LinkStatus, s.BrokenStatus, want)
		}
		if s.Curves == 0 || s.CurvesOfNone != 0 || !s.SameGraph || !s.GraphBroken || !s.GraphAgain {
			t.Errorf("graph: %d curves, %d where no link matches, same %v, filtered right %v, again %v",
				s.Curves, s.CurvesOfNone, s.SameGraph, s.GraphBroken, s.GraphAgain)
		}
		if s.PrintedBodies != min(50, s.sections) {
			t.Errorf("%d sections of links are printed", s.PrintedBodies)
		}
	}
	if s.findings > 0 && (s.Findings != s.findings || s.OneSeverity == 0 || !s.SeverityOnly || s.FindingStatus != fmt.Sprintf("%d of %d findings", s.OneSeverity, s.Findings)) {
		t.Errorf("%d of %d findings, %d of one severity, only %v: %q", s.Findings, s.findings, s.OneSeverity, s.SeverityOnly, s.FindingStatus)
	}
	if s.NarrowOverflow > 0 {
		t.Errorf("a narrow window has to be scrolled by %d pixels", s.NarrowOverflow)
	}
}

// history is earlier runs that went better from day to day.
func history(n int) []compare.TrendPoint {
	var list []compare.TrendPoint
	for i := range n {
		list = append(list, compare.TrendPoint{ID: fmt.Sprint("run-", i), StartedAt: fmt.Sprintf("2026-%02d-%02dT06:00:00Z", 8+i/28, 1+i%28), Links: report.LinkCounts{Works: 300 + i, Partial: i % 7, Broken: 180 - i, Unknown: i % 20},
			P99MS: int64(30_000 + i%5*9_000), HasP99: i%7 != 5})
	}
	return list
}

// measuredRun is an organization of which links were probed, held against an objective.
func measuredRun(t *testing.T, n int) []report.Message {
	ms := organization(t, n)
	var probes []report.Message
	for i, m := range ms {
		if m.Link == nil || i > 150 {
			continue
		}
		for k := range 8 {
			p := &measure.Measurement{Link: m.Link.ID, Variant: "plain", Key: fmt.Sprint(k), Outcome: measure.Arrived, LatencyMS: int64(800 + i*i*40 + k*k*700), SlackMS: 500, Predicted: string(m.Link.Verdict)}
			if m.Link.Verdict == finding.Broken {
				p.Outcome, p.LatencyMS, p.SlackMS = measure.Timeout, 0, 0
			}
			probes = append(probes, report.Message{Measurement: p})
		}
		probes = append(probes, report.Message{Finding: &finding.Finding{RuleID: finding.Objective, Title: "Replication latency objective", Status: finding.Pass, Severity: finding.Medium, Link: m.Link.ID,
			Evidence: map[string]any{"slo_ms": int64(900_000), "slo_percentile": 99.0}}})
	}
	return reporttest.Summarized(t, report.Gate{}, append(ms[:len(ms)-1:len(ms)-1], probes...))
}

// mixed is an organization whose links are between few accounts.
func mixed(t *testing.T, n, accounts int) []report.Message {
	ms := organization(t, n)
	for i, m := range ms {
		if m.Link != nil {
			m.Link.Source.AccountID = fmt.Sprintf("%012d", i%accounts)
		}
	}
	return ms
}
