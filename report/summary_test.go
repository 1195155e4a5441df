package report_test

import (
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestExitStatus(t *testing.T) {
	t.Parallel()
	fail := func(s finding.Severity) report.Message {
		return report.Message{Finding: &finding.Finding{Status: finding.Fail, Severity: s}}
	}
	status := func(s finding.Status) report.Message {
		return report.Message{Finding: &finding.Finding{Status: s, Severity: finding.Critical}}
	}
	verdict := func(v finding.Verdict, codes ...string) report.Message {
		return report.Message{Link: &finding.Link{ID: "a/r→b", Source: finding.End{Bucket: "a"}, Destination: finding.End{Bucket: "b"}, Verdict: v, FailureCodes: codes}}
	}
	outcome := func(o measure.Outcome) report.Message {
		return report.Message{Measurement: &measure.Measurement{Outcome: o}}
	}
	coverage := func(listed, scanned, unreadable, buckets, read int) report.Message {
		return report.Message{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: listed, Scanned: scanned, Unreadable: unreadable},
			Buckets: fact.BucketCoverage{Listed: buckets, Scanned: read}}}
	}
	waived := func(link, resource string, codes ...string) report.Message {
		return report.Message{Finding: &finding.Finding{Status: finding.Fail, Severity: finding.Critical, Link: link, Resource: resource, FailureCodes: codes, Waiver: &finding.Waiver{}}}
	}
	gap := report.Message{Gap: &fact.Gap{}}
	full := coverage(2, 2, 0, 5, 5)
	lenient := report.Gate{AllowIncomplete: true}

	for _, c := range []struct {
		name string
		p    report.Gate
		ms   []report.Message
		want int
	}{
		{"nothing but coverage", report.Gate{}, []report.Message{full}, 0},
		{"no coverage", report.Gate{}, nil, 3},
		{"no coverage, allowed", lenient, nil, 0},
		{"pass and not applicable", report.Gate{}, []report.Message{full, status(finding.Pass), status(finding.NotApplicable)}, 0},
		{"low fails by default", report.Gate{}, []report.Message{full, fail(finding.Low)}, 1},
		{"info never fails by default", report.Gate{}, []report.Message{full, fail(finding.Info)}, 0},
		{"info when asked for", report.Gate{FailOn: finding.Info}, []report.Message{full, fail(finding.Info)}, 1},
		{"below the bar", report.Gate{FailOn: finding.High}, []report.Message{full, fail(finding.Medium)}, 0},
		{"at the bar", report.Gate{FailOn: finding.High}, []report.Message{full, fail(finding.High)}, 1},
		{"above the bar", report.Gate{FailOn: finding.High}, []report.Message{full, fail(finding.Critical)}, 1},
		{"a severity that nobody knows", report.Gate{FailOn: finding.Critical}, []report.Message{full, fail("urgent")}, 1},
		{"unknown finding", report.Gate{}, []report.Message{full, status(finding.Unknown)}, 3},
		{"unknown finding, allowed", lenient, []report.Message{full, status(finding.Unknown)}, 0},
		{"a status that nobody set", report.Gate{}, []report.Message{full, status("")}, 3},
		{"1 wins over 3", report.Gate{}, []report.Message{full, status(finding.Unknown), gap, fail(finding.Low)}, 1},
		{"1 wins over 3, other order", report.Gate{}, []report.Message{fail(finding.Low), gap, status(finding.Unknown), full}, 1},
		{"allowing what is incomplete allows no fault", lenient, []report.Message{full, gap, fail(finding.Low)}, 1},
		{"3 wins over 0", report.Gate{FailOn: finding.Critical}, []report.Message{full, gap, fail(finding.Low)}, 3},
		{"gap", report.Gate{}, []report.Message{full, gap}, 3},
		{"working link", report.Gate{}, []report.Message{full, verdict(finding.Works)}, 0},
		{"broken link, whatever the bar", report.Gate{FailOn: finding.Critical}, []report.Message{full, verdict(finding.Broken)}, 1},
		{"partial link, whatever the bar", report.Gate{FailOn: finding.Critical}, []report.Message{full, verdict(finding.Partial)}, 1},
		{"partial link, its code waived", report.Gate{}, []report.Message{full, verdict(finding.Partial, "X"), waived("a/r→b", "", "X")}, 0},
		{"partial link, one of two codes waived", report.Gate{}, []report.Message{full, verdict(finding.Partial, "X", "Y"), waived("a/r→b", "", "X")}, 1},
		{"unknown link", report.Gate{}, []report.Message{full, verdict(finding.UnknownVerdict)}, 3},
		{"a verdict that nobody set", report.Gate{}, []report.Message{full, verdict("")}, 3},
		{"unreadable account", report.Gate{}, []report.Message{coverage(2, 1, 1, 5, 5)}, 3},
		{"account neither scanned nor unreadable", report.Gate{}, []report.Message{coverage(2, 1, 0, 5, 5)}, 3},
		{"unscanned bucket", report.Gate{}, []report.Message{coverage(2, 2, 0, 5, 4)}, 3},
		{"arrived", report.Gate{}, []report.Message{full, outcome(measure.Arrived)}, 0},
		{"failed probe", lenient, []report.Message{full, outcome(measure.Failed)}, 1},
		{"probe that did not arrive", lenient, []report.Message{full, outcome(measure.Timeout)}, 1},
		{"replica that differs", lenient, []report.Message{full, outcome(measure.Differs)}, 1},
		{"replica that must not be there", lenient, []report.Message{full, outcome(measure.Unexpected)}, 1},
		{"no replica where there must be none", report.Gate{}, []report.Message{full, outcome(measure.Absent)}, 0},
		{"something left behind", lenient, []report.Message{full, {Measurement: &measure.Measurement{Outcome: measure.Arrived, Leftovers: []measure.Leftover{{}}}}}, 1},
		{"inconclusive probe", report.Gate{}, []report.Message{full, outcome(measure.Inconclusive)}, 3},
		{"an outcome that nobody set", report.Gate{}, []report.Message{full, outcome("")}, 3},
		{"waived", report.Gate{}, []report.Message{full, waived("", reporttest.ARN("x"))}, 0},
		{"an unknown finding cannot be waived", report.Gate{}, []report.Message{full, {Finding: &finding.Finding{Status: finding.Unknown, Waiver: &finding.Waiver{}}}}, 3},
		{"broken link, its code waived", report.Gate{}, []report.Message{full, verdict(finding.Broken, "X"), waived("a/r→b", "", "X")}, 0},
		{"the waiver comes first", report.Gate{}, []report.Message{waived("a/r→b", "", "X"), verdict(finding.Broken, "X"), full}, 0},
		{"broken link, code waived on a bucket", report.Gate{}, []report.Message{full, verdict(finding.Broken, "X"), waived("", reporttest.ARN("b"), "X")}, 0},
		{"broken link, one of two codes waived", report.Gate{}, []report.Message{full, verdict(finding.Broken, "X", "Y"), waived("a/r→b", "", "X")}, 1},
		{"broken link, code waived elsewhere", report.Gate{}, []report.Message{full, verdict(finding.Broken, "X"), waived("c/r→b", "", "X"), waived("", reporttest.ARN("c"), "X")}, 1},
		{"broken link without a code", report.Gate{}, []report.Message{full, verdict(finding.Broken)}, 1},
		{"broken link without a code, waived", report.Gate{}, []report.Message{full, verdict(finding.Broken), waived("a/r→b", "")}, 0},
		{"broken link without a code, waived elsewhere", report.Gate{}, []report.Message{full, verdict(finding.Broken), waived("c/r→b", ""), waived("", reporttest.ARN("a"))}, 1},
		{"broken link, waived, with another fault below the bar", report.Gate{FailOn: finding.Critical},
			[]report.Message{full, verdict(finding.Broken, "X"), waived("a/r→b", "", "X"), {Finding: &finding.Finding{Status: finding.Fail, Severity: finding.High, Link: "a/r→b"}}}, 1},
		{"broken link, waived, with information", report.Gate{},
			[]report.Message{full, verdict(finding.Broken, "X"), waived("a/r→b", "", "X"), {Finding: &finding.Finding{Status: finding.Fail, Severity: finding.Info, Link: "a/r→b"}}}, 0},
		{"the summary of a replayed run is decided anew", report.Gate{FailOn: finding.High}, []report.Message{full, fail(finding.Low), {Summary: &report.Summary{ExitStatus: 1}}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ms := reporttest.Summarized(t, c.p, c.ms)
			last := ms[len(ms)-1].Summary
			if last == nil {
				t.Fatal("the last message is no summary")
			}
			if last.ExitStatus != c.want {
				t.Errorf("exit status %d, want %d", last.ExitStatus, c.want)
			}
			for _, m := range ms[:len(ms)-1] {
				if m.Summary != nil {
					t.Error("two summaries")
				}
			}
		})
	}
}

func TestSummaryCounts(t *testing.T) {
	t.Parallel()
	ms := reporttest.Sample(t)
	want := report.Summary{Links: report.LinkCounts{Works: 1, Partial: 1, Broken: 3, Unknown: 1}, Findings: report.FindingCounts{Fail: 3, Pass: 1, Unknown: 1, Waived: 1}, ExitStatus: 1,
		WaivedLinks: []string{"legacy-archive/old→backup-legacy-archive"}}
	if d := diff.Diff(want, *ms[len(ms)-1].Summary); d != "" {
		t.Error(d)
	}
}

// Nothing that is added to a run makes its exit status better, and neither the
// order of messages nor what writers stand behind changes it.
func TestExitStatusNeverImproves(t *testing.T) {
	t.Parallel()
	worse := map[int]int{0: 0, 3: 1, 1: 2}
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.SliceOf(rapid.Custom(anyMessage)).Draw(t, "messages")
		p := report.Gate{FailOn: rapid.SampledFrom(finding.Severities).Draw(t, "fail-on"), AllowIncomplete: rapid.Bool().Draw(t, "allow-incomplete")}
		status := func(ms []report.Message) int {
			s := report.Summarize(reporttest.NewRecorder(), p)
			for _, m := range ms {
				_ = m.Send(s)
			}
			return s.Result().ExitStatus
		}
		covered := append([]report.Message{{Coverage: &fact.Coverage{}}}, ms...)
		before := 0
		for n := range covered {
			after := status(covered[:n+1])
			if worse[after] < worse[before] && covered[n].Finding == nil {
				t.Fatalf("message %d turned %d into %d", n, before, after)
			}
			if f := covered[n].Finding; f != nil && f.Waiver == nil && worse[after] < worse[before] {
				t.Fatalf("finding %d without a waiver turned %d into %d", n, before, after)
			}
			before = after
		}
		if got := status(rapid.Permutation(covered).Draw(t, "order")); got != before {
			t.Fatalf("the order of messages turned %d into %d", before, got)
		}
	})
}

func anyMessage(t *rapid.T) report.Message {
	text := rapid.SampledFrom([]string{"", "a", "b", "X", "a/r→b"})
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return report.Message{Link: &finding.Link{ID: text.Draw(t, "id"), Verdict: rapid.SampledFrom(append(finding.Verdicts, "")).Draw(t, "verdict"),
			Source: finding.End{Bucket: text.Draw(t, "source")}, Destination: finding.End{Bucket: text.Draw(t, "destination")}, FailureCodes: rapid.SliceOfN(text, 0, 2).Draw(t, "codes")}}
	case 1:
		f := &finding.Finding{RuleID: text.Draw(t, "rule"), Status: rapid.SampledFrom([]finding.Status{finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable, ""}).Draw(t, "status"),
			Severity: rapid.SampledFrom(finding.Severities).Draw(t, "severity"), Link: text.Draw(t, "link"), Resource: text.Draw(t, "resource"), FailureCodes: rapid.SliceOfN(text, 0, 2).Draw(t, "codes")}
		if rapid.Bool().Draw(t, "waived") {
			f.Waiver = &finding.Waiver{}
		}
		return report.Message{Finding: f}
	case 2:
		return report.Message{Measurement: &measure.Measurement{Outcome: rapid.SampledFrom([]measure.Outcome{measure.Arrived, measure.Failed, measure.Timeout, measure.Inconclusive, measure.Differs, measure.Absent, measure.Unexpected, ""}).Draw(t, "outcome")}}
	case 3:
		return report.Message{Gap: &fact.Gap{API: text.Draw(t, "api")}}
	}
	n := rapid.IntRange(0, 2)
	return report.Message{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: n.Draw(t, "listed"), Scanned: n.Draw(t, "scanned"), Unreadable: n.Draw(t, "unreadable")}}}
}
