package compare_test

import (
	"bytes"
	"cmp"
	"runtime"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestComparedWithABaseline(t *testing.T) {
	t.Parallel()
	fail := reporttest.FindingOf("XC012", "p", finding.Fail, finding.High)
	other := reporttest.FindingOf("XC012", "q", finding.Fail, finding.High)
	pass := reporttest.FindingOf("XC012", "p", finding.Pass, finding.High)
	unknown := reporttest.FindingOf("XC012", "p", finding.Unknown, finding.High)
	waived := reporttest.WaivedOf(reporttest.FindingOf("XC012", "p", finding.Fail, finding.High))
	nameless := reporttest.FindingOf("XC012", "", finding.Fail, finding.High)
	nameless.Finding.Message = "one fault"
	nameless2 := reporttest.FindingOf("XC012", "", finding.Fail, finding.High)
	nameless2.Finding.Message = "another"
	elsewhere := reporttest.FindingOf("XC012", "z", finding.Pass, finding.High)
	elsewhere.Finding.Resource, elsewhere.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	broken := func(codes ...string) report.Message {
		m := reporttest.LinkOf("a/r→b", finding.Broken)
		m.Link.FailureCodes, m.Link.Destination.Bucket = codes, "b"
		return m
	}
	partial := func(codes ...string) report.Message {
		m := broken(codes...)
		m.Link.Verdict = finding.Partial
		return m
	}
	failing := func(keys ...finding.Keys) report.Message {
		m := partial("X")
		m.Link.Classes = []finding.ClassVerdict{{Class: finding.Default, Verdict: finding.Partial, FailureCodes: []string{"X"}, Witness: "tmp/one.txt", Counted: true, Fails: keys}}
		return m
	}
	oneKey, under, outside := finding.Keys{SuchAs: "tmp/one.txt"}, finding.Keys{Under: []string{"tmp/"}}, finding.Keys{Outside: []string{"keep/"}}
	coded := func(m report.Message, link, resource, code string) report.Message {
		f := *m.Finding
		f.Link, f.Resource, f.FailureCodes = link, resource, []string{code}
		return report.Message{Finding: &f}
	}
	probed := func(o measure.Outcome, left ...measure.Leftover) report.Message {
		return report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Variant: "plain", Key: "k", Outcome: o, Leftovers: left}}
	}
	stray := measure.Leftover{Key: "k"}
	goneLink := finding.Fingerprint(report.Gone, "a/r→b")
	low := reporttest.FindingOf("XC046", "l", finding.Fail, finding.Low)

	for name, c := range map[string]struct {
		before, after []report.Message
		want          string // marks and changes
		onNew, status int    // exit status with and without --fail-on-new
	}{
		"clean":               {nil, nil, "", 0, 0},
		"same":                {[]report.Message{fail}, []report.Message{fail}, "existing", 0, 1},
		"new":                 {nil, []report.Message{fail}, "new", 1, 1},
		"passed before":       {[]report.Message{pass}, []report.Message{fail}, "new", 1, 1},
		"unknown before":      {[]report.Message{unknown}, []report.Message{fail}, "new", 1, 1},
		"unknown now":         {[]report.Message{fail}, []report.Message{unknown}, "unknown p", 3, 3},
		"unknown as before":   {[]report.Message{unknown}, []report.Message{unknown}, "", 3, 3},
		"fixed":               {[]report.Message{fail}, []report.Message{pass}, "fixed p", 0, 0},
		"fixed, was waived":   {[]report.Message{waived}, []report.Message{pass}, "fixed p", 0, 0},
		"another fault":       {[]report.Message{fail}, []report.Message{other}, "new fixed p", 1, 1},
		"waived now":          {[]report.Message{fail}, []report.Message{waived}, "existing", 0, 0},
		"waived as before":    {[]report.Message{waived}, []report.Message{waived}, "existing", 0, 0},
		"new and waived":      {nil, []report.Message{waived}, "new", 0, 0},
		"waiver over":         {[]report.Message{waived}, []report.Message{fail}, "new", 1, 1},
		"not judged":          {[]report.Message{fail}, nil, "unknown p", 3, 3},
		"bucket gone":         {[]report.Message{fail}, []report.Message{elsewhere}, "fixed p", 0, 0},
		"bucket not read":     {[]report.Message{fail}, []report.Message{elsewhere, reporttest.GapOf("1", "arn:aws:s3:::a")}, "unknown p", 3, 3},
		"other scope":         {[]report.Message{fail}, []report.Message{elsewhere, {Run: &report.Run{ID: "n", Scope: fact.Scope{Mode: "organization", Buckets: "x"}}}}, "unknown p", 3, 3},
		"doubled":             {[]report.Message{pass, fail}, []report.Message{fail, fail}, "existing existing", 0, 1},
		"doubled, one waived": {[]report.Message{waived, fail}, []report.Message{fail}, "existing", 0, 1},
		"no fingerprint":      {[]report.Message{nameless}, []report.Message{nameless2}, "new fixed ", 1, 1},
		"no fingerprint, too": {[]report.Message{nameless}, []report.Message{nameless}, "existing", 0, 1},
		"below the bar":       {nil, []report.Message{reporttest.FindingOf("XC046", "i", finding.Fail, finding.Info)}, "new", 0, 0},
		"1 wins over 3":       {nil, []report.Message{fail, unknown}, "new", 1, 1},
		"3 stays":             {[]report.Message{fail}, []report.Message{fail, reporttest.GapOf("2", "2")}, "existing", 3, 1},

		"link":                     {[]report.Message{broken("X")}, []report.Message{broken("X")}, "existing", 0, 1},
		"link, other order":        {[]report.Message{broken("X", "Y")}, []report.Message{broken("Y", "X")}, "existing", 0, 1},
		"link broke":               {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{broken("X")}, "new", 1, 1},
		"link broke, unknown":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, []report.Message{broken("X")}, "new", 1, 1},
		"link broken otherwise":    {[]report.Message{broken("X")}, []report.Message{broken("X", "Y")}, "new", 1, 1},
		"link less broken":         {[]report.Message{broken("X", "Y")}, []report.Message{broken("Y")}, "existing", 0, 1},
		"link of a new code":       {[]report.Message{broken("X"), coded(fail, "a/r→b", "", "X")}, []report.Message{broken("X"), coded(other, "", "arn:aws:s3:::b", "X")}, "existing new fixed p", 1, 1},
		"link of no code":          {[]report.Message{broken(), fail}, []report.Message{broken(), fail, low}, "existing existing new", 1, 1},
		"link partial, now broken": {[]report.Message{partial("X")}, []report.Message{broken("X")}, "new", 1, 1},
		"link broken, now partial": {[]report.Message{broken("X")}, []report.Message{partial("X")}, "existing", 0, 1},
		"link partial, as before":  {[]report.Message{partial("X")}, []report.Message{partial("X")}, "existing", 0, 1},
		"link of the same keys":    {[]report.Message{failing(under, oneKey)}, []report.Message{failing(oneKey, under)}, "existing", 0, 1},
		"link of more keys":        {[]report.Message{failing(oneKey)}, []report.Message{failing(outside)}, "new", 1, 1},
		"link of fewer keys":       {[]report.Message{failing(outside)}, []report.Message{failing(under)}, "existing", 0, 1},
		"link of unrecorded keys":  {[]report.Message{failing()}, []report.Message{failing(outside)}, "existing", 0, 1},
		"link now partial":         {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{partial("X")}, "new", 1, 1},
		"link waived":              {nil, []report.Message{broken("X"), coded(waived, "a/r→b", "", "X")}, "new new", 0, 0},
		"link, the waiver is over": {[]report.Message{broken("X"), coded(waived, "a/r→b", "", "X")}, []report.Message{broken("X"), coded(fail, "a/r→b", "", "X")}, "existing new", 1, 1},

		"link gone":              {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{elsewhere}, "gone " + goneLink, 1, 1},
		"link gone, unread":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{elsewhere, reporttest.GapOf("1", "arn:aws:s3:::a")}, "", 3, 3},
		"broken link gone":       {[]report.Message{broken("X"), coded(fail, "a/r→b", "", "X")}, []report.Message{elsewhere}, "gone p", 0, 0},
		"link to another bucket": {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{reporttest.LinkOf("a/r→c", finding.Works)}, "gone " + goneLink, 1, 1},

		"probe":               {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Timeout)}, "existing", 0, 1},
		"probe failed":        {[]report.Message{probed(measure.Arrived)}, []report.Message{probed(measure.Failed)}, "new", 1, 1},
		"probe was not there": {nil, []report.Message{probed(measure.Failed)}, "new", 1, 1},
		"probe undecided":     {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Inconclusive)}, "", 3, 3},
		"probe left behind":   {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Failed, stray)}, "new", 1, 1},
		"left behind again":   {[]report.Message{probed(measure.Arrived, stray)}, []report.Message{probed(measure.Arrived, stray)}, "existing", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := reporttest.BaselineOf(t, reporttest.RecordedRun(t, c.before...))
			for _, onNew := range []bool{true, false} {
				want, ms := c.status, reporttest.Summarized(t, report.Gate{FailOnNew: onNew}, reporttest.WholeRun(c.after...), b)
				if onNew {
					want = c.onNew
				}
				if got := ms[len(ms)-1].Summary.ExitStatus; got != want {
					t.Errorf("exit status %d, want %d (--fail-on-new=%v)", got, want, onNew)
				}
				if got := strings.Join(marks(ms), " "); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
		})
	}
}

// marks are the marks of what fails, and the changes with their fingerprints, in
// the order of the messages.
func marks(ms []report.Message) []string {
	var all []string
	add := func(s string) {
		if s != "" {
			all = append(all, s)
		}
	}
	for _, m := range ms {
		switch {
		case m.Link != nil:
			add(m.Link.Baseline)
		case m.Finding != nil:
			add(m.Finding.Baseline)
		case m.Measurement != nil:
			add(m.Measurement.Baseline)
		case m.Past != nil:
			all = append(all, m.Past.Change+" "+m.Past.Fingerprint)
		}
	}
	return all
}

// drawn is a run with links, findings and probes that collide with those of
// another.
func drawn(t *rapid.T, name string) []report.Message {
	var ms []report.Message
	ids := []string{"a/r→b", "a/s→b", "b/r→c"}
	for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 3, rapid.ID).Draw(t, name+" links") {
		m := reporttest.LinkOf(id, rapid.SampledFrom([]finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict}).Draw(t, "verdict"))
		if m.Link.Verdict == finding.Broken {
			m.Link.FailureCodes = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X", "Y"}), 0, 2, rapid.ID).Draw(t, "codes")
		}
		ms = append(ms, m)
	}
	for range rapid.IntRange(0, 8).Draw(t, name+" findings") {
		m := reporttest.FindingOf(rapid.SampledFrom([]string{"XC012", "XC013"}).Draw(t, "rule"), rapid.StringMatching(`[a-f]`).Draw(t, "fingerprint"),
			rapid.SampledFrom([]finding.Status{finding.Fail, finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}).Draw(t, "status"),
			rapid.SampledFrom(finding.Severities).Draw(t, "severity"))
		if id := rapid.SampledFrom(append(ids, "")).Draw(t, "link"); id != "" {
			m.Finding.Link, m.Finding.Resource = id, "arn:aws:s3:::"+id[:1]
		} else {
			m.Finding.Link = ""
		}
		m.Finding.FailureCodes = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X", "Y"}), 0, 1, rapid.ID).Draw(t, "codes")
		if rapid.IntRange(0, 3).Draw(t, "waived") == 0 {
			m = reporttest.WaivedOf(m)
		}
		ms = append(ms, m)
	}
	for range rapid.IntRange(0, 2).Draw(t, name+" probes") {
		ms = append(ms, report.Message{Measurement: &measure.Measurement{Link: rapid.SampledFrom(ids).Draw(t, "link"), Variant: "plain",
			Outcome: rapid.SampledFrom([]measure.Outcome{measure.Arrived, measure.Failed, measure.Inconclusive}).Draw(t, "outcome")}})
	}
	for range rapid.IntRange(0, 1).Draw(t, name+" gaps") {
		ms = append(ms, reporttest.GapOf("1", rapid.SampledFrom([]string{"1", "arn:aws:s3:::a"}).Draw(t, "resource")))
	}
	return ms
}

func exitStatus(ms []report.Message) int { return ms[len(ms)-1].Summary.ExitStatus }

// What a baseline says is what diff says: the two share what decides it.
func TestBaselineAgreesWithCompare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawn(t, "before"), drawn(t, "after")
		d := compare.Compare(recorded(before...), recorded(after...), "")
		// Where findings share a fingerprint, of which one failed under a waiver and one is
		// unknown, diff takes it for unknown, and a baseline for one that failed.
		was := map[string]*finding.Finding{}
		for _, m := range before {
			if f := m.Finding; f != nil && f.Status != finding.Pass && f.Status != finding.NotApplicable {
				old := was[f.Fingerprint]
				open := f.Status == finding.Fail && f.Waiver == nil
				if old == nil || open || f.Status == finding.Unknown && old.Waiver != nil {
					was[f.Fingerprint] = f
				}
			}
		}
		failed := func(print string) bool { return was[print] != nil && was[print].Status == finding.Fail }
		var want, got []string
		for _, c := range d.Findings {
			if c.Change == report.Appeared || c.Change == report.Fixed || c.Change == report.Gone || c.Change == report.Lost && failed(c.Finding.Fingerprint) {
				want = append(want, c.Change+" "+c.Finding.Fingerprint)
			}
		}
		for _, m := range reporttest.Summarized(t, report.Gate{}, reporttest.WholeRun(after...), reporttest.BaselineOf(t, reporttest.RecordedRun(t, before...))) {
			switch {
			case m.Finding != nil && m.Finding.Baseline == report.MarkNew && m.Finding.Waiver == nil:
				got = append(got, report.Appeared+" "+m.Finding.Fingerprint)
			case m.Past != nil && m.Past.RuleID != finding.LinkWorks && failed(m.Past.Fingerprint):
				got = append(got, m.Past.Change+" "+m.Past.Fingerprint)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		got = slices.Compact(got)
		if d := diff.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// A run has nothing new against itself, and everything against an empty one, where
// --fail-on-new changes nothing; and it never makes a run fail that did not.
func TestFailOnNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		run := reporttest.WholeRun(drawn(t, "run")...)
		severity := rapid.SampledFrom(finding.Severities).Draw(t, "fail on")
		plain := exitStatus(reporttest.Summarized(t, report.Gate{FailOn: severity}, run))

		same := reporttest.Summarized(t, report.Gate{FailOn: severity, FailOnNew: true}, run, reporttest.BaselineOf(t, reporttest.RecordedRun(t, run[1:len(run)-1]...)))
		if s := exitStatus(same); s == report.ExitFaults || s == report.ExitClean && plain == report.ExitIncomplete {
			t.Fatalf("exit status %d against itself, %d without a baseline", s, plain)
		}
		if m := marks(same); slices.Contains(m, report.MarkNew) {
			t.Fatalf("new against itself: %v", m)
		}

		empty := reporttest.Summarized(t, report.Gate{FailOn: severity, FailOnNew: true}, run, reporttest.BaselineOf(t, reporttest.RecordedRun(t)))
		if s := exitStatus(empty); s != plain {
			t.Fatalf("exit status %d against an empty run, %d without", s, plain)
		}
		if m := marks(empty); slices.Contains(m, report.MarkExisting) {
			t.Fatalf("not new against an empty run: %v", m)
		}

		other := reporttest.BaselineOf(t, reporttest.RecordedRun(t, drawn(t, "other")...))
		all, onNew := reporttest.Summarized(t, report.Gate{FailOn: severity}, run, other), reporttest.Summarized(t, report.Gate{FailOn: severity, FailOnNew: true}, run, other)
		if a, b := exitStatus(all), exitStatus(onNew); b == report.ExitFaults && a != report.ExitFaults || a == report.ExitIncomplete && b != report.ExitIncomplete || a == report.ExitClean && b != report.ExitClean {
			t.Fatalf("exit status %d, %d with --fail-on-new", a, b)
		}
		if plain == report.ExitFaults && exitStatus(all) != report.ExitFaults {
			t.Fatal("a baseline excused a fault without --fail-on-new")
		}
		for _, m := range onNew {
			f := m.Finding
			if f != nil && f.Status == finding.Fail && f.Waiver == nil && f.Baseline != report.MarkExisting && f.Severity.Rank() <= severity.Rank() && exitStatus(onNew) != report.ExitFaults {
				t.Fatalf("%s is new and does not gate", f.Fingerprint)
			}
		}
	})
}

// The run file has what a comparison marked; compared with itself, the run loses the
// marks and what failed in the baseline.
func TestReplayOfAComparedRun(t *testing.T) {
	t.Parallel()
	ms := reporttest.Compared(t)
	file := reporttest.RunFile(t, ms)
	replayed := func(g report.Gate, baseline ...*compare.Baseline) []report.Message {
		keep := reporttest.NewRecorder()
		var w report.Writer = report.Summarize(keep, g)
		for _, b := range baseline {
			w = compare.Mark(w, b)
		}
		if err := cmp.Or(report.Replay(bytes.NewReader(file), w), w.Close()); err != nil {
			t.Fatal(err)
		}
		return keep.Messages
	}
	itself := replayed(report.Gate{FailOnNew: true}, reporttest.BaselineOf(t, ms))
	if m := marks(itself); slices.Contains(m, report.MarkNew) ||
		slices.ContainsFunc(itself, func(m report.Message) bool { return m.Past != nil }) {
		t.Errorf("%v", m)
	}
	// The marks alone can gate.
	if got := exitStatus(replayed(report.Gate{FailOnNew: true})); got != report.ExitFaults {
		t.Errorf("exit status %d of a run with a new fault", got)
	}
	sample := reporttest.RunFile(t, reporttest.Sample(t))
	err := report.Replay(bytes.NewReader(sample), report.Summarize(reporttest.NewRecorder(), report.Gate{FailOnNew: true}))
	if err == nil || !strings.Contains(err.Error(), "was not compared with a baseline") {
		t.Errorf("--fail-on-new of a run without marks: %v", err)
	}
}

// BenchmarkBaseline reads a run file with 100,000 findings, of which 40,000 failed.
// kept-MB is the memory that the baseline holds afterwards.
func BenchmarkBaseline(b *testing.B) {
	file := reporttest.RunFile(b, reporttest.Many(b, 100_000))
	heap := func() float64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return float64(s.HeapAlloc) / (1 << 20)
	}
	before := heap()
	var kept *compare.Baseline
	for b.Loop() {
		kept = compare.NewBaseline()
		if err := cmp.Or(report.Replay(bytes.NewReader(file), kept), kept.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(heap()-before, "kept-MB")
	past := 0
	for _, m := range reporttest.Summarized(b, report.Gate{}, reporttest.WholeRun(), kept) {
		if m.Past != nil {
			past++
		}
	}
	if past != 40_000 {
		b.Errorf("%d findings that failed are kept, want 40000", past)
	}
	runtime.KeepAlive(file)
	runtime.KeepAlive(kept)
}
