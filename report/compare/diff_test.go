package compare_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// recorded is a whole run with these messages.
func recorded(ms ...report.Message) *compare.Recording {
	r := &compare.Recording{}
	whole := []report.Message{{Run: &report.Run{ID: "r", Scope: fact.Scope{Mode: "organization"}}}, {Coverage: &fact.Coverage{}}}
	for _, m := range append(whole, ms...) {
		if err := m.Send(r); err != nil {
			panic(err)
		}
	}
	return r
}

func TestCompareLinks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, after []report.Message
		want          string // before after worse
		status        int
	}{
		"same":              {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, "", report.ExitClean},
		"broke":             {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, "works broken worse", report.ExitFaults},
		"broke, unknown":    {[]report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, "unknown broken worse", report.ExitFaults},
		"no longer known":   {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, "works unknown worse", report.ExitFaults},
		"not known broken":  {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, "broken unknown", report.ExitIncomplete},
		"some objects":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, "works partial worse", report.ExitFaults},
		"some, not known":   {[]report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, "unknown partial worse", report.ExitFaults},
		"some, now all":     {[]report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, "partial broken worse", report.ExitFaults},
		"all, now some":     {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, "broken partial", report.ExitClean},
		"some, unknown now": {[]report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, []report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, "partial unknown", report.ExitIncomplete},
		"some, still":       {[]report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, "", report.ExitClean},
		"new, partial":      {nil, []report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, "none partial worse", report.ExitFaults},
		"gone, partial":     {[]report.Message{reporttest.LinkOf("a/r→b", finding.Partial)}, nil, "partial none", report.ExitClean},
		"repaired":          {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, "broken works", report.ExitClean},
		"new":               {nil, []report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, "none works", report.ExitClean},
		"new, broken":       {nil, []report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, "none broken worse", report.ExitFaults},
		"new, unknown":      {nil, []report.Message{reporttest.LinkOf("a/r→b", finding.UnknownVerdict)}, "none unknown", report.ExitIncomplete},
		"gone, worked":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, nil, "works none worse", report.ExitFaults},
		"gone, broken":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, nil, "broken none", report.ExitClean},
		"account unread":    {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.GapOf("1", "1")}, "broken unknown", report.ExitIncomplete},
		"bucket unread":     {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.GapOf("1", "arn:aws:s3:::a")}, "broken unknown", report.ExitIncomplete},
		"other bucket":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.GapOf("", "arn:aws:s3:::x")}, "broken none", report.ExitClean},
		"other account":     {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.GapOf("2", "2")}, "broken none", report.ExitClean},
		"organization":      {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{reporttest.GapOf("", "")}, "broken unknown", report.ExitIncomplete},
		"account suspended": {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 1, Unreadable: 1}}}}, "broken unknown", report.ExitIncomplete},
		"other scope":       {[]report.Message{reporttest.LinkOf("a/r→b", finding.Broken)}, []report.Message{{Run: &report.Run{ID: "r", Scope: fact.Scope{Mode: "organization", Buckets: "x*"}}}}, "broken unknown", report.ExitIncomplete},
		"only probed":       {[]report.Message{reporttest.LinkOf("a/r→b", finding.Works)}, []report.Message{{Measurement: &measure.Measurement{Link: "a/r→b"}}}, "works unknown worse", report.ExitFaults},
	} {
		t.Run(name, func(t *testing.T) {
			d := compare.Compare(recorded(test.before...), recorded(test.after...), "")
			got := ""
			for _, l := range d.Links {
				none := func(v finding.Verdict) string {
					if v == "" {
						return "none"
					}
					return string(v)
				}
				got += none(l.Before) + " " + none(l.After)
				if l.Worse {
					got += " worse"
				}
			}
			if got != test.want || d.ExitStatus != test.status {
				t.Errorf("%q with exit status %d, want %q with %d", got, d.ExitStatus, test.want, test.status)
			}
		})
	}
}

// TestWorseUnderTheSameVerdict: a link that fails as before got worse all the same where the
// objects of another class fail, or with another code, for a baseline as for a comparison.
func TestWorseUnderTheSameVerdict(t *testing.T) {
	t.Parallel()
	link := func(classes ...finding.ClassVerdict) report.Message {
		m := reporttest.LinkOf("a/r→b", finding.Partial)
		m.Link.Classes = classes
		for _, c := range classes {
			if c.Counted {
				m.Link.FailureCodes = append(m.Link.FailureCodes, c.FailureCodes...)
			}
		}
		return m
	}
	of := func(class finding.Class, v finding.Verdict, codes ...string) finding.ClassVerdict {
		return finding.ClassVerdict{Class: class, Verdict: v, FailureCodes: codes, Counted: class != finding.Annotated}
	}
	const code, other = "DstPutObjectNotPermitted", "DstPutTaggingNotPermitted"
	tagged := link(of(finding.Default, finding.Works), of(finding.Tagged, finding.Broken, code))
	for name, test := range map[string]struct {
		before, after report.Message
		worse         bool
	}{
		"same":             {tagged, tagged, false},
		"same class":       {tagged, link(of(finding.Default, finding.Partial, code), of(finding.Tagged, finding.Broken, code)), true},
		"some, now all":    {link(of(finding.Tagged, finding.Partial, code)), link(of(finding.Tagged, finding.Broken, code)), true},
		"all, now some":    {link(of(finding.Tagged, finding.Broken, code)), link(of(finding.Tagged, finding.Partial, code)), false},
		"another class":    {tagged, link(of(finding.Default, finding.Works), of(finding.Tagged, finding.Works), of(finding.SSEKMS, finding.Broken, code)), true},
		"another code":     {tagged, link(of(finding.Default, finding.Works), of(finding.Tagged, finding.Broken, other)), true},
		"one code more":    {tagged, link(of(finding.Default, finding.Works), of(finding.Tagged, finding.Broken, code, other)), true},
		"one code less":    {link(of(finding.Tagged, finding.Broken, code, other)), tagged, false},
		"unknown":          {tagged, link(of(finding.Default, finding.UnknownVerdict), of(finding.Tagged, finding.Broken, code)), false},
		"advisory":         {tagged, link(of(finding.Default, finding.Works), of(finding.Tagged, finding.Broken, code), of(finding.Annotated, finding.Broken, other)), false},
		"not recorded":     {reporttest.LinkOf("a/r→b", finding.Partial), link(of(finding.Tagged, finding.Broken)), false},
		"code, no classes": {reporttest.LinkOf("a/r→b", finding.Partial), tagged, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := compare.Compare(recorded(test.before), recorded(test.after), "")
			if worse := len(d.Links) == 1 && d.Links[0].Worse; worse != test.worse || worse != (d.ExitStatus == report.ExitFaults) || len(d.Links) == 1 != worse {
				t.Errorf("diff: %+v, exit status %d", d.Links, d.ExitStatus)
			}
			b := compare.NewBaseline()
			b.Run(&report.Run{})
			b.Link(test.before.Link)
			var marked string
			if err := compare.Mark(linkMarks{mark: &marked}, b).Link(test.after.Link); err != nil {
				t.Fatal(err)
			}
			if worse := marked == report.MarkNew; worse != test.worse {
				t.Errorf("marked %q", marked)
			}
		})
	}
}

// linkMarks keeps the mark of a link.
type linkMarks struct {
	report.Discard
	mark *string
}

func (m linkMarks) Link(l *finding.Link) error {
	*m.mark = l.Baseline
	return nil
}

func TestCompareFindings(t *testing.T) {
	t.Parallel()
	fail := reporttest.FindingOf("XC012", "p", finding.Fail, finding.High)
	pass := reporttest.FindingOf("XC012", "p", finding.Pass, finding.High)
	unknown := reporttest.FindingOf("XC012", "p", finding.Unknown, finding.High)
	waived := reporttest.WaivedOf(reporttest.FindingOf("XC012", "p", finding.Fail, finding.High))
	elsewhere := reporttest.FindingOf("XC012", "q", finding.Pass, finding.High)
	elsewhere.Finding.Resource, elsewhere.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	arrived := report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Outcome: measure.Arrived}}
	undecided := report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Outcome: measure.Inconclusive}}
	for name, test := range map[string]struct {
		before, after []report.Message
		want          string // change fingerprint
		status        int
	}{
		"same":                 {[]report.Message{fail}, []report.Message{fail}, "", report.ExitClean},
		"still unknown":        {[]report.Message{unknown}, []report.Message{unknown}, "", report.ExitClean},
		"appeared":             {nil, []report.Message{fail}, "appeared p", report.ExitFaults},
		"appeared, passed":     {[]report.Message{pass}, []report.Message{fail}, "appeared p", report.ExitFaults},
		"appeared, unknown":    {[]report.Message{unknown}, []report.Message{fail}, "appeared p", report.ExitFaults},
		"waiver over":          {[]report.Message{waived}, []report.Message{fail}, "appeared p", report.ExitFaults},
		"appeared as info":     {nil, []report.Message{reporttest.FindingOf("XC046", "i", finding.Fail, finding.Info)}, "appeared i", report.ExitClean},
		"appeared, waived":     {nil, []report.Message{waived}, "", report.ExitClean},
		"waived":               {[]report.Message{fail}, []report.Message{waived}, "waived p", report.ExitClean},
		"fixed":                {[]report.Message{fail}, []report.Message{pass}, "fixed p", report.ExitClean},
		"fixed, waived":        {[]report.Message{waived}, []report.Message{pass}, "fixed p", report.ExitClean},
		"does not apply":       {[]report.Message{fail}, []report.Message{reporttest.FindingOf("XC012", "p", finding.NotApplicable, finding.High)}, "fixed p", report.ExitClean},
		"unknown":              {[]report.Message{fail}, []report.Message{unknown}, "unknown p", report.ExitIncomplete},
		"passed, unknown":      {[]report.Message{pass}, []report.Message{unknown}, "unknown p", report.ExitIncomplete},
		"odd status":           {[]report.Message{pass}, []report.Message{reporttest.FindingOf("XC012", "p", "", finding.High)}, "unknown p", report.ExitIncomplete},
		"another fault":        {[]report.Message{fail}, []report.Message{reporttest.FindingOf("XC012", "q", finding.Fail, finding.High)}, "appeared q fixed p", report.ExitFaults},
		"passes otherwise":     {[]report.Message{fail}, []report.Message{reporttest.FindingOf("XC012", "q", finding.Pass, finding.High)}, "fixed p", report.ExitClean},
		"unknown otherwise":    {[]report.Message{fail}, []report.Message{reporttest.FindingOf("XC012", "q", finding.Unknown, finding.High)}, "unknown p unknown q", report.ExitIncomplete},
		"bucket gone":          {[]report.Message{fail}, []report.Message{elsewhere}, "fixed p", report.ExitClean},
		"bucket not read":      {[]report.Message{fail}, []report.Message{elsewhere, reporttest.GapOf("1", "arn:aws:s3:::a")}, "unknown p", report.ExitIncomplete},
		"account not read":     {[]report.Message{fail}, []report.Message{elsewhere, reporttest.GapOf("1", "1")}, "unknown p", report.ExitIncomplete},
		"rule not judged":      {[]report.Message{fail}, nil, "unknown p", report.ExitIncomplete},
		"not probed":           {[]report.Message{reporttest.FindingOf("XC902", "p", finding.Fail, finding.High)}, []report.Message{elsewhere}, "unknown p", report.ExitIncomplete},
		"probed":               {[]report.Message{reporttest.FindingOf(finding.Proof, "p", finding.Fail, finding.High)}, []report.Message{arrived}, "fixed p", report.ExitClean},
		"probed, undecided":    {[]report.Message{reporttest.FindingOf(finding.Proof, "p", finding.Fail, finding.High)}, []report.Message{arrived, undecided}, "unknown p", report.ExitIncomplete},
		"audited and probed":   {[]report.Message{reporttest.FindingOf(finding.Disagreement, "p", finding.Fail, finding.High)}, []report.Message{arrived, reporttest.LinkOf("a/r→b", finding.Works)}, "fixed p", report.ExitClean},
		"only probed":          {[]report.Message{reporttest.FindingOf(finding.Disagreement, "p", finding.Fail, finding.High)}, []report.Message{arrived}, "unknown p", report.ExitIncomplete},
		"no objective":         {[]report.Message{reporttest.FindingOf(finding.Objective, "p", finding.Fail, finding.High)}, []report.Message{arrived}, "unknown p", report.ExitIncomplete},
		"left behind":          {[]report.Message{reporttest.FindingOf("XC904", "p", finding.Fail, finding.High)}, []report.Message{{Measurement: &measure.Measurement{Link: "a/r→b"}}}, "unknown p", report.ExitIncomplete},
		"waiver removed":       {[]report.Message{reporttest.FindingOf(finding.WaiverUnused, "p", finding.Fail, finding.Low)}, nil, "fixed p", report.ExitClean},
		"waiver, scope":        {[]report.Message{reporttest.FindingOf(finding.WaiverUnused, "p", finding.Fail, finding.Low)}, []report.Message{{Run: &report.Run{ID: "r", Scope: fact.Scope{Mode: "organization", Buckets: "x*"}}}}, "unknown p", report.ExitIncomplete},
		"odd status otherwise": {[]report.Message{fail}, []report.Message{reporttest.FindingOf("XC012", "q", "what", finding.High)}, "unknown p unknown q", report.ExitIncomplete},
		"doubled fingerprint":  {[]report.Message{pass, pass}, []report.Message{pass, fail}, "appeared p", report.ExitFaults},
	} {
		t.Run(name, func(t *testing.T) {
			d := compare.Compare(recorded(test.before...), recorded(test.after...), "")
			var got []string
			for _, c := range d.Findings {
				got = append(got, c.Change, c.Finding.Fingerprint)
			}
			if s := strings.Join(got, " "); s != test.want || d.ExitStatus != test.status {
				t.Errorf("%q with exit status %d, want %q with %d", s, d.ExitStatus, test.want, test.status)
			}
		})
	}
}

func TestCompareFailOn(t *testing.T) {
	t.Parallel()
	after := recorded(reporttest.FindingOf("XC012", "p", finding.Fail, finding.Medium), reporttest.FindingOf("XC012", "q", finding.Fail, "grave"))
	if d := compare.Compare(recorded(), after, finding.High); d.ExitStatus != report.ExitFaults {
		t.Error("a severity that is not known slipped below the gate")
	}
	after = recorded(reporttest.FindingOf("XC012", "p", finding.Fail, finding.Medium))
	for failOn, want := range map[finding.Severity]int{finding.High: report.ExitClean, finding.Medium: report.ExitFaults, "": report.ExitFaults} {
		if d := compare.Compare(recorded(), after, failOn); d.ExitStatus != want {
			t.Errorf("%q: exit status %d, want %d", failOn, d.ExitStatus, want)
		}
	}
}

// TestCompareProperties: a run has not changed from itself; a failing finding that
// is new is always told; order and wording change nothing.
func TestCompareProperties(t *testing.T) {
	t.Parallel()
	statuses := []finding.Status{finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}
	verdicts := finding.Verdicts
	run := rapid.Custom(func(t *rapid.T) []report.Message {
		var ms []report.Message
		for _, id := range rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]/[rs]→[cd]`), 0, 6, rapid.ID).Draw(t, "links") {
			ms = append(ms, reporttest.LinkOf(id, rapid.SampledFrom(verdicts).Draw(t, "verdict")))
		}
		for _, print := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f]`), 0, 6, rapid.ID).Draw(t, "findings") {
			ms = append(ms, reporttest.FindingOf("XC012", print, rapid.SampledFrom(statuses).Draw(t, "status"), finding.Low))
		}
		return ms
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := run.Draw(t, "before"), run.Draw(t, "after")
		if d := compare.Compare(recorded(a...), recorded(a...), ""); d.ExitStatus != report.ExitClean || len(d.Links)+len(d.Findings) > 0 {
			t.Fatalf("a run differs from itself: %+v", d)
		}
		d := compare.Compare(recorded(a...), recorded(b...), "")
		failed := map[string]bool{}
		for _, m := range a {
			if m.Finding != nil && m.Finding.Status == finding.Fail {
				failed[m.Finding.Fingerprint] = true
			}
		}
		told := map[string]string{}
		for _, c := range d.Findings {
			told[c.Finding.Fingerprint] = c.Change
		}
		for _, m := range b {
			if f := m.Finding; f != nil && f.Status == finding.Fail && !failed[f.Fingerprint] && (told[f.Fingerprint] != report.Appeared || d.ExitStatus != report.ExitFaults) {
				t.Fatalf("%s appeared, and the difference says %q with exit status %d", f.Fingerprint, told[f.Fingerprint], d.ExitStatus)
			}
			if l := m.Link; l != nil && l.Verdict.Fails() && len(a) == 0 && d.ExitStatus != report.ExitFaults {
				t.Fatalf("%s is broken and new, exit status %d", l.ID, d.ExitStatus)
			}
		}
		var mixed []report.Message
		for _, m := range rapid.Permutation(b).Draw(t, "order") {
			if m.Finding != nil {
				f := *m.Finding
				f.Message = "in other words"
				m.Finding = &f
			}
			mixed = append(mixed, m)
		}
		other := compare.Compare(recorded(a...), recorded(mixed...), "")
		for i := range other.Findings {
			other.Findings[i].Finding.Message = ""
		}
		x, _ := json.Marshal(d)
		y, _ := json.Marshal(other)
		if changed := diff.Diff(string(x), string(y)); changed != "" {
			t.Fatal(changed)
		}
	})
}

// TestWriteDiff: nothing in either output acts on a terminal, and the table says
// how many rows it left out.
func TestWriteDiff(t *testing.T) {
	t.Parallel()
	hostile := "\x1b[31mred\u202e\r\n" + strings.Repeat("x", 10<<10) + "\xff"
	var ms []report.Message
	for range 102 {
		m := reporttest.FindingOf(hostile, hostile+strconv.Itoa(len(ms)), finding.Fail, finding.Severity(hostile))
		m.Finding.Message, m.Finding.AccountID = hostile, hostile
		ms = append(ms, m, reporttest.LinkOf(hostile+strconv.Itoa(len(ms)), finding.Broken))
	}
	before, after := recorded(), recorded(ms...)
	_, _ = before.Run(&report.Run{ID: hostile}), after.Run(&report.Run{StartedAt: hostile})
	d := compare.Compare(before, after, "")
	var table, doc bytes.Buffer
	if err := d.WriteTable(&table, 120, false); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteJSON(&doc); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"table": table.String(), "json": doc.String()} {
		if strings.ContainsAny(out, "\x1b\r\u202e") || !strings.Contains(out, "red") {
			t.Errorf("%s: %.200q", name, out)
		}
	}
	if strings.Count(table.String(), "… and 2 more") != 2 {
		t.Errorf("the table does not say how much it left out:\n%s", table.String())
	}
	var back compare.Diff
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || len(back.Findings) != 102 || len(back.Links) != 102 || back.ExitStatus != report.ExitFaults {
		t.Errorf("%v: %d findings, %d links", err, len(back.Findings), len(back.Links))
	}
}

// TestDiffMeetsItsSchema: what is written does, and the schema refuses what is wrong.
func TestDiffMeetsItsSchema(t *testing.T) {
	t.Parallel()
	c := jsonschema.NewCompiler()
	for _, name := range []string{"report", "diff"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "schemas", name+".schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("https://crosscheck.invalid/schemas/"+name+"/1", doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("https://crosscheck.invalid/schemas/diff/1")
	if err != nil {
		t.Fatal(err)
	}
	write := func(d *compare.Diff) string {
		var out bytes.Buffer
		if err := d.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	good := write(compare.Compare(
		recorded(reporttest.LinkOf("a/r→b", finding.Works), reporttest.FindingOf("XC012", "p", finding.Fail, finding.High)),
		recorded(reporttest.LinkOf("a/s→b", finding.Broken), reporttest.FindingOf("XC012", "q", finding.Fail, finding.High)), ""))
	reporttest.Conforms(t, s, []byte(good))
	reporttest.Conforms(t, s, []byte(write(compare.Compare(recorded(), recorded(), ""))))
	for _, change := range [][2]string{
		{`"schema_version":"2"`, `"schema_version":"1"`},
		{`"links":[`, `"links":null,"x":[`},
		{`"before":"works"`, `"before":"fine"`},
		{`"change":"gone"`, `"change":"worse"`},
		{`"rule_id":"XC012",`, ``},
		{`"exit_status":1`, `"exit_status":2`},
		{`"mode":"organization"`, `"mode":1`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s is not in %s", change[0], good)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("the schema takes %s", change[1])
		}
	}
}
