package output

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
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

// baselineOf is the baseline that a run file of the messages gives.
func baselineOf(t rapid.TB, ms []report.Message) *compare.Baseline {
	t.Helper()
	var file bytes.Buffer
	w := report.NewRunFile(&file)
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatal(err)
		}
	}
	b := compare.NewBaseline()
	if err := cmp.Or(w.Close(), report.Replay(&file, b), b.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// wholeRun is a run with these messages that read all there was.
func wholeRun(ms ...report.Message) []report.Message {
	run := []report.Message{{Run: &report.Run{ID: "r", StartedAt: "2026-01-01T00:00:00Z", Scope: fact.Scope{Mode: "organization"}}}}
	run = append(run, ms...)
	return append(run, report.Message{Coverage: &fact.Coverage{}})
}

func recordedRunOf(t rapid.TB, ms ...report.Message) []report.Message {
	return reporttest.Summarized(t, report.Gate{}, wholeRun(ms...))
}

// held is the sample held against a run in which a finding and its link did not
// fail yet, and others did that do not now.
func held(t testing.TB) []report.Message {
	var before []report.Message
	for _, m := range reporttest.Sample(t) {
		switch {
		case m.Link != nil && m.Link.ID == "billing-exports/to-backup→backup-billing-exports",
			m.Finding != nil && m.Finding.RuleID == "XC008", m.Measurement != nil:
			continue
		case m.Finding != nil && (m.Finding.RuleID == "XC001" || m.Finding.Status == finding.Unknown):
			f := *m.Finding
			f.Status = finding.Fail
			m.Finding = &f
		case m.Run != nil:
			r := *m.Run
			r.ID, r.StartedAt = "20261117T060000Z-19bc", "2026-11-17T06:00:00Z"
			m.Run = &r
		}
		before = append(before, m)
	}
	return reporttest.Summarized(t, report.Gate{}, reporttest.Sample(t), baselineOf(t, before))
}

func TestBaselineGolden(t *testing.T) {
	ms := held(t)
	for file, format := range map[string]string{"baseline-120.txt": "table", "baseline.md": "markdown", "baseline.json": "json", "baseline.csv": "csv", "baseline.xml": "junit"} {
		t.Run(file, func(t *testing.T) { reporttest.Golden(t, file, render(t, format, Options{}, ms)) })
	}
	reporttest.Conforms(t, reporttest.Schema(t, "report.schema.json"), render(t, "json", Options{}, ms))
	states := map[string]int{}
	for _, state := range regexp.MustCompile(`"baselineState":"(\w+)"`).FindAllSubmatch(render(t, "sarif", Options{}, ms), -1) {
		states[string(state[1])]++
	}
	// XC008 and the failed probe are new, and what is unknown is shown to those who ask for what is new.
	if d := diff.Diff(map[string]int{"new": 3, "unchanged": 3}, states); d != "" {
		t.Error(d)
	}
	for format, want := range map[string][]string{
		"prometheus": {`crosscheck_baseline_findings{change="new"} 1`, `crosscheck_baseline_findings{change="unknown"} 1`},
		// What is fixed passes under its old name; what is unknown is there already.
		"ocsf":  {`"baseline":"new"`, `"baseline":"existing"`},
		"asff":  {`"crosscheck/Baseline":"new"`, `"crosscheck/Baseline":"existing"`},
		"sarif": {"baseline: 1 new, 2 existing, 1 fixed, 1 not known now; 1 link newly broken; 1 probe newly failed"},
	} {
		out := string(render(t, format, Options{}, ms))
		for _, s := range want {
			if !strings.Contains(out, s) {
				t.Errorf("%s does not say %q", format, s)
			}
		}
	}
}

// What is fixed or not known is in the formats that know findings only, under its
// name.
func TestPastAsFindings(t *testing.T) {
	past := findingOf("XC012", "p", finding.Fail, finding.High)
	z := findingOf("XC012", "z", finding.Pass, finding.High)
	z.Finding.Resource, z.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	for want, ms := range map[string][]report.Message{"fixed": wholeRun(z), "unknown": wholeRun(z, gapOf("1", "arn:aws:s3:::a"))} {
		ms = reporttest.Summarized(t, report.Gate{}, ms, baselineOf(t, recordedRunOf(t, past)))
		for format, status := range map[string]map[string]string{
			"ocsf": {"fixed": `"uid":"p"`, "unknown": `"uid":"p"`},
			"asff": {"fixed": `"Workflow":{"Status":"RESOLVED"}`, "unknown": `"Compliance":{"Status":"WARNING"}`},
		} {
			if out := string(render(t, format, Options{}, ms)); strings.Count(out, `/p"`)+strings.Count(out, `"uid":"p"`) != 1 || !strings.Contains(out, status[want]) {
				t.Errorf("%s, %s: %s", format, want, out)
			}
		}
	}
}

// Without a baseline nothing of one is shown.
func TestNoBaseline(t *testing.T) {
	for _, format := range []string{"table", "markdown", "prometheus", "sarif", "junit", "ocsf", "asff"} {
		if out := render(t, format, Options{}, reporttest.Sample(t)); bytes.Contains(bytes.ToLower(out), []byte("baseline")) {
			t.Errorf("%s speaks of a baseline", format)
		}
	}
}

func TestHeldAgainstABaseline(t *testing.T) {
	fail := findingOf("XC012", "p", finding.Fail, finding.High)
	other := findingOf("XC012", "q", finding.Fail, finding.High)
	pass := findingOf("XC012", "p", finding.Pass, finding.High)
	unknown := findingOf("XC012", "p", finding.Unknown, finding.High)
	waived := waivedOf(findingOf("XC012", "p", finding.Fail, finding.High))
	nameless := findingOf("XC012", "", finding.Fail, finding.High)
	nameless.Finding.Message = "one fault"
	nameless2 := findingOf("XC012", "", finding.Fail, finding.High)
	nameless2.Finding.Message = "another"
	elsewhere := findingOf("XC012", "z", finding.Pass, finding.High)
	elsewhere.Finding.Resource, elsewhere.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	broken := func(codes ...string) report.Message {
		m := linkOf("a/r→b", finding.Broken)
		m.Link.FailureCodes, m.Link.Destination.Bucket = codes, "b"
		return m
	}
	coded := func(m report.Message, link, resource, code string) report.Message {
		f := *m.Finding
		f.Link, f.Resource, f.FailureCodes = link, resource, []string{code}
		return report.Message{Finding: &f}
	}
	probed := func(o measure.Outcome, left ...measure.Leftover) report.Message {
		return report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Variant: "plain", Key: "k", Outcome: o, Leftovers: left}}
	}
	stray := measure.Leftover{Key: "k"}
	low := findingOf("XC046", "l", finding.Fail, finding.Low)

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
		"bucket not read":     {[]report.Message{fail}, []report.Message{elsewhere, gapOf("1", "arn:aws:s3:::a")}, "unknown p", 3, 3},
		"other scope":         {[]report.Message{fail}, []report.Message{elsewhere, {Run: &report.Run{ID: "n", Scope: fact.Scope{Mode: "organization", Buckets: "x"}}}}, "unknown p", 3, 3},
		"doubled":             {[]report.Message{pass, fail}, []report.Message{fail, fail}, "existing existing", 0, 1},
		"doubled, one waived": {[]report.Message{waived, fail}, []report.Message{fail}, "existing", 0, 1},
		"no fingerprint":      {[]report.Message{nameless}, []report.Message{nameless2}, "new fixed ", 1, 1},
		"no fingerprint, too": {[]report.Message{nameless}, []report.Message{nameless}, "existing", 0, 1},
		"below the bar":       {nil, []report.Message{findingOf("XC046", "i", finding.Fail, finding.Info)}, "new", 0, 0},
		"1 wins over 3":       {nil, []report.Message{fail, unknown}, "new", 1, 1},
		"3 stays":             {[]report.Message{fail}, []report.Message{fail, gapOf("2", "2")}, "existing", 3, 1},

		"link":                     {[]report.Message{broken("X")}, []report.Message{broken("X")}, "existing", 0, 1},
		"link, other order":        {[]report.Message{broken("X", "Y")}, []report.Message{broken("Y", "X")}, "existing", 0, 1},
		"link broke":               {[]report.Message{linkOf("a/r→b", finding.Works)}, []report.Message{broken("X")}, "new", 1, 1},
		"link broke, unknown":      {[]report.Message{linkOf("a/r→b", finding.UnknownVerdict)}, []report.Message{broken("X")}, "new", 1, 1},
		"link broken otherwise":    {[]report.Message{broken("X")}, []report.Message{broken("X", "Y")}, "new", 1, 1},
		"link less broken":         {[]report.Message{broken("X", "Y")}, []report.Message{broken("Y")}, "existing", 0, 1},
		"link of a new code":       {[]report.Message{broken("X"), coded(fail, "a/r→b", "", "X")}, []report.Message{broken("X"), coded(other, "", "arn:aws:s3:::b", "X")}, "existing new fixed p", 1, 1},
		"link of no code":          {[]report.Message{broken(), fail}, []report.Message{broken(), fail, low}, "existing existing new", 1, 1},
		"link waived":              {nil, []report.Message{broken("X"), coded(waived, "a/r→b", "", "X")}, "new new", 0, 0},
		"link, the waiver is over": {[]report.Message{broken("X"), coded(waived, "a/r→b", "", "X")}, []report.Message{broken("X"), coded(fail, "a/r→b", "", "X")}, "existing new", 1, 1},

		"probe":               {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Timeout)}, "existing", 0, 1},
		"probe failed":        {[]report.Message{probed(measure.Arrived)}, []report.Message{probed(measure.Failed)}, "new", 1, 1},
		"probe was not there": {nil, []report.Message{probed(measure.Failed)}, "new", 1, 1},
		"probe undecided":     {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Inconclusive)}, "", 3, 3},
		"probe left behind":   {[]report.Message{probed(measure.Failed)}, []report.Message{probed(measure.Failed, stray)}, "new", 1, 1},
		"left behind again":   {[]report.Message{probed(measure.Arrived, stray)}, []report.Message{probed(measure.Arrived, stray)}, "existing", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := baselineOf(t, recordedRunOf(t, c.before...))
			for _, onNew := range []bool{true, false} {
				want, ms := c.status, reporttest.Summarized(t, report.Gate{FailOnNew: onNew}, wholeRun(c.after...), b)
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
		m := linkOf(id, rapid.SampledFrom([]finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict}).Draw(t, "verdict"))
		if m.Link.Verdict == finding.Broken {
			m.Link.FailureCodes = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X", "Y"}), 0, 2, rapid.ID).Draw(t, "codes")
		}
		ms = append(ms, m)
	}
	for range rapid.IntRange(0, 8).Draw(t, name+" findings") {
		m := findingOf(rapid.SampledFrom([]string{"XC012", "XC013"}).Draw(t, "rule"), rapid.StringMatching(`[a-f]`).Draw(t, "fingerprint"),
			rapid.SampledFrom([]finding.Status{finding.Fail, finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}).Draw(t, "status"),
			rapid.SampledFrom(finding.Severities).Draw(t, "severity"))
		if id := rapid.SampledFrom(append(ids, "")).Draw(t, "link"); id != "" {
			m.Finding.Link, m.Finding.Resource = id, "arn:aws:s3:::"+id[:1]
		} else {
			m.Finding.Link = ""
		}
		m.Finding.FailureCodes = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X", "Y"}), 0, 1, rapid.ID).Draw(t, "codes")
		if rapid.IntRange(0, 3).Draw(t, "waived") == 0 {
			m = waivedOf(m)
		}
		ms = append(ms, m)
	}
	for range rapid.IntRange(0, 2).Draw(t, name+" probes") {
		ms = append(ms, report.Message{Measurement: &measure.Measurement{Link: rapid.SampledFrom(ids).Draw(t, "link"), Variant: "plain",
			Outcome: rapid.SampledFrom([]measure.Outcome{measure.Arrived, measure.Failed, measure.Inconclusive}).Draw(t, "outcome")}})
	}
	for range rapid.IntRange(0, 1).Draw(t, name+" gaps") {
		ms = append(ms, gapOf("1", rapid.SampledFrom([]string{"1", "arn:aws:s3:::a"}).Draw(t, "resource")))
	}
	return ms
}

func exitStatus(ms []report.Message) int { return ms[len(ms)-1].Summary.ExitStatus }

// What a baseline says is what diff says: the two share what decides it.
func TestBaselineAgreesWithCompare(t *testing.T) {
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
			if c.Change == report.Appeared || c.Change == report.Fixed || c.Change == report.Lost && failed(c.Finding.Fingerprint) {
				want = append(want, c.Change+" "+c.Finding.Fingerprint)
			}
		}
		for _, m := range reporttest.Summarized(t, report.Gate{}, wholeRun(after...), baselineOf(t, recordedRunOf(t, before...))) {
			switch {
			case m.Finding != nil && m.Finding.Baseline == report.MarkNew && m.Finding.Waiver == nil:
				got = append(got, report.Appeared+" "+m.Finding.Fingerprint)
			case m.Past != nil && failed(m.Past.Fingerprint):
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
	rapid.Check(t, func(t *rapid.T) {
		run := wholeRun(drawn(t, "run")...)
		severity := rapid.SampledFrom(finding.Severities).Draw(t, "fail on")
		plain := exitStatus(reporttest.Summarized(t, report.Gate{FailOn: severity}, run))

		same := reporttest.Summarized(t, report.Gate{FailOn: severity, FailOnNew: true}, run, baselineOf(t, recordedRunOf(t, run[1:len(run)-1]...)))
		if s := exitStatus(same); s == report.ExitFaults || s == report.ExitClean && plain == report.ExitIncomplete {
			t.Fatalf("exit status %d against itself, %d without a baseline", s, plain)
		}
		if m := marks(same); slices.Contains(m, report.MarkNew) {
			t.Fatalf("new against itself: %v", m)
		}

		empty := reporttest.Summarized(t, report.Gate{FailOn: severity, FailOnNew: true}, run, baselineOf(t, recordedRunOf(t)))
		if s := exitStatus(empty); s != plain {
			t.Fatalf("exit status %d against an empty run, %d without", s, plain)
		}
		if m := marks(empty); slices.Contains(m, report.MarkExisting) {
			t.Fatalf("not new against an empty run: %v", m)
		}

		other := baselineOf(t, recordedRunOf(t, drawn(t, "other")...))
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

// The run file carries what a baseline said: a report of it is the same, and so is
// what it says against the same baseline again.
func TestReplayOfAHeldRun(t *testing.T) {
	ms := held(t)
	file := render(t, "jsonl", Options{}, ms)
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
	again := replayed(report.Gate{})
	for _, format := range Formats() {
		if d := diff.Diff(string(render(t, format, Options{}, ms)), string(render(t, format, Options{}, again))); d != "" {
			t.Errorf("%s differs:\n%s", format, d)
		}
	}
	// Held against itself, marks and past of then are gone.
	itself := replayed(report.Gate{FailOnNew: true}, baselineOf(t, ms))
	if m := marks(itself); slices.Contains(m, report.MarkNew) || slices.ContainsFunc(itself, func(m report.Message) bool { return m.Past != nil }) {
		t.Errorf("%v", m)
	}
	// The marks alone can gate.
	if got := exitStatus(replayed(report.Gate{FailOnNew: true})); got != report.ExitFaults {
		t.Errorf("exit status %d of a run with a new fault", got)
	}
	err := report.Replay(bytes.NewReader(render(t, "jsonl", Options{}, reporttest.Sample(t))), report.Summarize(reporttest.NewRecorder(), report.Gate{FailOnNew: true}))
	if err == nil || !strings.Contains(err.Error(), "was not held against a baseline") {
		t.Errorf("--fail-on-new of a run without marks: %v", err)
	}
}

// A run that is continued is held against the baseline of now.
func TestResumeDropsMarks(t *testing.T) {
	broken := reporttest.Link("legacy-archive", reporttest.Prod, "old", "backup-legacy-archive", finding.Broken, "", "X")
	ms := []report.Message{{Run: &report.Run{Judge: "j"}}, {Link: broken},
		{Finding: &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Resource: reporttest.ARN("legacy-archive"), Fingerprint: "x"}},
		{Judged: &report.Judged{AccountID: reporttest.Prod, Bucket: "legacy-archive", Links: 1, Whole: true}}}
	file := render(t, "jsonl", Options{}, reporttest.Summarized(t, report.Gate{}, ms, baselineOf(t, recordedRunOf(t))))
	if !bytes.Contains(file, []byte(`"baseline":"new"`)) {
		t.Fatalf("no mark in %s", file)
	}
	u, err := report.Resume(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	got := reporttest.NewRecorder()
	if err := u.Replay(got); err != nil || len(got.Messages) != 3 {
		t.Errorf("%v, %d messages", err, len(got.Messages))
	}
	for _, m := range got.Messages {
		if m.Link != nil && m.Link.Baseline != "" || m.Finding != nil && m.Finding.Baseline != "" {
			t.Errorf("a mark is left: %+v", m)
		}
	}
}

// Of two rows that say the same, the new one is seen.
func TestNewFindingsComeFirst(t *testing.T) {
	var before, after []report.Message
	for i := range 300 {
		m := findingOf(fmt.Sprintf("XC%03d", i), fmt.Sprint(i), finding.Fail, finding.Critical)
		after = append(after, m)
		if i != 150 {
			before = append(before, m)
		}
	}
	small := findingOf("XC046", "low", finding.Fail, finding.Low)
	old := findingOf("XC046", "old", finding.Fail, finding.Low)
	ms := reporttest.Summarized(t, report.Gate{}, wholeRun(append(after, old, small)...), baselineOf(t, recordedRunOf(t, append(before, old)...)))
	for _, format := range []string{"table", "markdown"} {
		out := string(render(t, format, Options{Rows: 5}, ms))
		if strings.Count(out, "fail new") != 2 {
			t.Errorf("%s does not show the two new findings:\n%.3000s", format, out)
		}
	}
}

// BenchmarkBaseline reads a run file with 100,000 findings, of which 40,000 failed.
// kept-MB is what is kept of it.
func BenchmarkBaseline(b *testing.B) {
	file := render(b, "jsonl", Options{}, reporttest.Many(b, 100_000))
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
	runtime.KeepAlive(file)
	runtime.KeepAlive(kept)
}
