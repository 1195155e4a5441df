package junit

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// read reads a file back, counts its cases again, and returns what it counted.
func read(t *testing.T, out []byte) (junit.Testsuites, counts) {
	t.Helper()
	var file junit.Testsuites
	if err := xml.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	var sum counts
	for i, s := range file.Suites {
		var n counts
		for _, c := range s.Testcases {
			one := counts{tests: 1}
			for result, count := range map[*junit.Result]*int{c.Failure: &one.failures, c.Error: &one.errors, c.Skipped: &one.skipped} {
				if result != nil {
					*count++
				}
			}
			if one.failures+one.errors+one.skipped > 1 {
				t.Errorf("a case with more than one result: %+v", c)
			}
			n.add(one)
		}
		if want := (counts{s.Tests, s.Failures, s.Errors, s.Skipped}); n != want || s.ID != i {
			t.Errorf("suite %d of %s: %+v, and its attributes say %+v and id %d", i, s.Name, n, want, s.ID)
		}
		sum.add(n)
	}
	if got := (counts{file.Tests, file.Failures, file.Errors, sum.skipped}); got != sum || file.Skipped != 0 {
		t.Errorf("all suites: %+v, and the attributes say %+v", sum, got)
	}
	return file, sum
}

type counts struct{ tests, failures, errors, skipped int }

func (c *counts) add(n counts) {
	c.tests += n.tests
	c.failures += n.failures
	c.errors += n.errors
	c.skipped += n.skipped
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	file, _ := read(t, render(t, reporttest.Sample(t)))
	var got []string
	for _, s := range file.Suites {
		got = append(got, fmt.Sprintf("%s %d/%d/%d/%d %s", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, s.Time))
	}
	want := "111111111111 6/3/0/1 0.061, 222222222222 5/2/3/0 0.000, 444444444444 1/0/1/0 0.000"
	if got := strings.Join(got, ", "); got != want {
		t.Errorf("suites (tests/failures/errors/skipped seconds) %s, want %s", got, want)
	}
}

// A link that does not work fails even if no finding explains it (its rule may be
// disabled), and only once if one does.
func TestJUnitLinks(t *testing.T) {
	t.Parallel()
	about := func(s finding.Status, waived bool) *finding.Finding {
		f := &finding.Finding{RuleID: "XC001", Status: s, Severity: finding.High, Link: "a/r→b", AccountID: reporttest.Prod}
		if waived {
			f.Waiver = &finding.Waiver{}
		}
		return f
	}
	for _, c := range []struct {
		verdict finding.Verdict
		finding *finding.Finding
		want    counts
	}{
		{finding.Works, nil, counts{}},
		{finding.Works, about(finding.Pass, false), counts{tests: 1}},
		{finding.Broken, nil, counts{tests: 1, failures: 1}},
		{finding.Partial, nil, counts{tests: 1, failures: 1}},
		{finding.Partial, about(finding.Unknown, false), counts{tests: 2, failures: 1, errors: 1}},
		{finding.Partial, about(finding.Fail, false), counts{tests: 1, failures: 1}},
		{finding.Broken, about(finding.Pass, false), counts{tests: 2, failures: 1}},
		{finding.Broken, about(finding.Unknown, false), counts{tests: 2, failures: 1, errors: 1}},
		{finding.Broken, about(finding.Fail, false), counts{tests: 1, failures: 1}},
		{finding.Broken, about(finding.Fail, true), counts{tests: 1, skipped: 1}},
		{finding.UnknownVerdict, nil, counts{tests: 1, errors: 1}},
		{finding.UnknownVerdict, about(finding.Unknown, false), counts{tests: 1, errors: 1}},
		{"", nil, counts{tests: 1, errors: 1}},
	} {
		link := &finding.Link{ID: "a/r→b", Source: finding.End{AccountID: reporttest.Prod, Bucket: "a"}, Verdict: c.verdict}
		ms := []report.Message{{Run: &report.Run{}}, {Link: link}}
		if c.finding != nil {
			ms = append(ms, report.Message{Finding: c.finding})
		}
		if _, got := read(t, render(t, reporttest.Summarized(t, report.Gate{}, ms))); got != c.want {
			t.Errorf("%s with %+v: %+v, want %+v", c.verdict, c.finding, got, c.want)
		}
	}
}

// A failing finding is a failure unless it is waived, whatever its severity.
func TestSeverityAndWaiver(t *testing.T) {
	t.Parallel()
	for _, severity := range finding.Severities {
		for _, waiver := range []*finding.Waiver{nil, {Reason: "accepted"}} {
			f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: severity, AccountID: reporttest.Prod, Waiver: waiver}
			ms := []report.Message{{Run: &report.Run{}}, {Finding: f}}
			file, got := read(t, render(t, reporttest.Summarized(t, report.Gate{}, ms)))
			want := counts{tests: 1, failures: 1}
			if waiver != nil {
				want = counts{tests: 1, skipped: 1}
			}
			if got != want {
				t.Errorf("%s, waiver %v: %+v, want %+v", severity, waiver, got, want)
				continue
			}
			c := file.Suites[0].Testcases[0]
			switch {
			case waiver == nil && c.Failure.Type != string(severity):
				t.Errorf("type %q, want %q", c.Failure.Type, severity)
			case waiver != nil && c.Skipped.Message != "waived: accepted":
				t.Errorf("message %q", c.Skipped.Message)
			}
		}
	}
}

// A text that would end a CDATA section is read back as it is.
func TestEndOfCDATA(t *testing.T) {
	t.Parallel()
	const message = `]]></failure><failure message="forged">]]>`
	f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, Message: message, Remediation: "]]>"}
	file, got := read(t, render(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}})))
	if got.tests != 1 {
		t.Fatalf("%+v", got)
	}
	if data := file.Suites[0].Testcases[0].Failure.Data; data != message+"\nfix: ]]>" {
		t.Errorf("text %q", data)
	}
}

// The time of a suite is that of all its probes.
func TestTimes(t *testing.T) {
	t.Parallel()
	ms := []report.Message{{Run: &report.Run{}}}
	for _, latency := range []int64{0, 70, 1_005, 1_000_000} {
		m := &measure.Measurement{Link: "a/r→b", Variant: "plain", Key: fmt.Sprint(latency), Outcome: measure.Arrived, LatencyMS: latency}
		ms = append(ms, report.Message{Measurement: m})
	}
	file, _ := read(t, render(t, reporttest.Summarized(t, report.Gate{}, ms)))
	got := []string{file.Suites[0].Time}
	for _, c := range file.Suites[0].Testcases {
		got = append(got, c.Time)
	}
	if got := strings.Join(got, " "); got != "1001.075  1000.000 1.005 0.070" {
		t.Errorf("seconds of the suite and its cases: %s", got)
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
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := render(t, reporttest.HostileRun(t, s))
			if !bytes.HasPrefix(out, []byte(xml.Header)) {
				t.Error("no XML header")
			}
			read(t, out)
		})
	}
}
