package junit

import (
	"bytes"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// checkJUnit reads a JUnit file back and counts again.
func checkJUnit(t *testing.T, out []byte) junitSuites {
	t.Helper()
	var all junitSuites
	d := xml.NewDecoder(bytes.NewReader(out))
	d.Strict = true
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	sum := junitSuites{Tests: all.Tests, Failures: all.Failures, Errors: all.Errors}

	for _, s := range all.Suites {
		again := &junitSuite{}
		for _, c := range s.Cases {
			n := 0
			for _, d := range []*junitDetail{c.Failure, c.Error, c.Skipped} {
				if d != nil {
					n++
				}
			}
			if n > 1 {
				t.Errorf("a case with %d outcomes: %+v", n, c)
			}
			again.add(c)
		}
		if again.Tests != s.Tests || again.Failures != s.Failures || again.Errors != s.Errors || again.Skipped != s.Skipped {
			t.Errorf("suite %s miscounts", s.Name)
		}
		sum.Tests -= s.Tests
		sum.Failures -= s.Failures
		sum.Errors -= s.Errors
	}
	if sum.Tests != 0 || sum.Failures != 0 || sum.Errors != 0 {
		t.Error("the suites do not add up")
	}
	return all
}

// skipped counts what the schema has no sum for.
func skipped(all junitSuites) (n int) {
	for _, s := range all.Suites {
		n += s.Skipped
	}
	return n
}

func TestJUnit(t *testing.T) {
	all := checkJUnit(t, render(t, reporttest.Sample(t)))
	var got []string
	for _, s := range all.Suites {
		got = append(got, fmt.Sprintf("%s %d/%d/%d/%d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped))
	}
	if want := "111111111111 5/2/0/1 222222222222 6/2/4/0 444444444444 1/0/1/0"; strings.Join(got, " ") != want {
		t.Errorf("suites (tests/failures/errors/skipped) %v, want %s", got, want)
	}
}

// A link that does not work is red even if no finding says why (its rule may be
// switched off), and only once if one does.
func TestJUnitLinks(t *testing.T) {
	about := func(s finding.Status, waived bool) *finding.Finding {
		f := &finding.Finding{RuleID: "XC001", Status: s, Severity: finding.High, Link: "a/r→b", AccountID: reporttest.Prod}
		if waived {
			f.Waiver = &finding.Waiver{}
		}
		return f
	}
	for _, c := range []struct {
		verdict                   finding.Verdict
		finding                   *finding.Finding
		failures, errors, skipped int
	}{
		{finding.Works, nil, 0, 0, 0},
		{finding.Works, about(finding.Pass, false), 0, 0, 0},
		{finding.Broken, nil, 1, 0, 0},
		{finding.Broken, about(finding.Pass, false), 1, 0, 0},
		{finding.Broken, about(finding.Unknown, false), 1, 1, 0},
		{finding.Broken, about(finding.Fail, false), 1, 0, 0},
		{finding.Broken, about(finding.Fail, true), 0, 0, 1},
		{finding.UnknownVerdict, nil, 0, 1, 0},
		{finding.UnknownVerdict, about(finding.Unknown, false), 0, 1, 0},
		{"", nil, 0, 1, 0},
	} {
		ms := []report.Message{{Run: &report.Run{}}, {Link: &finding.Link{ID: "a/r→b", Source: finding.End{AccountID: reporttest.Prod, Bucket: "a"}, Verdict: c.verdict}}}
		if c.finding != nil {
			ms = append(ms, report.Message{Finding: c.finding})
		}
		all := checkJUnit(t, render(t, reporttest.Summarized(t, report.Gate{}, ms)))
		if all.Failures != c.failures || all.Errors != c.errors || skipped(all) != c.skipped {
			t.Errorf("%s with %+v: %d failures, %d errors, %d skipped", c.verdict, c.finding, all.Failures, all.Errors, skipped(all))
		}
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true}, func(w io.Writer, r *records.Run) error { return Render(w, r) }, ms)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkJUnit(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
