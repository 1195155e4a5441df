package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// recorded is a whole run with these messages.
func recorded(ms ...Message) *Recording {
	r := &Recording{}
	whole := []Message{{Run: &Run{ID: "r", Scope: fact.Scope{Mode: "organization"}}}, {Coverage: &fact.Coverage{}}}
	for _, m := range append(whole, ms...) {
		if err := m.Send(r); err != nil {
			panic(err)
		}
	}
	return r
}

func linkOf(id string, v finding.Verdict) Message {
	bucket, _, _ := strings.Cut(id, "/")
	return Message{Link: &finding.Link{ID: id, Verdict: v, Source: finding.End{AccountID: "1", Bucket: bucket}}}
}

// findingOf is a finding of a rule on the link a/r→b in account 1.
func findingOf(rule, print string, status finding.Status, severity finding.Severity) Message {
	return Message{Finding: &finding.Finding{
		RuleID: rule, Status: status, Severity: severity, AccountID: "1", Resource: "arn:aws:s3:::a", Link: "a/r→b", Fingerprint: print,
	}}
}

func waivedOf(m Message) Message {
	m.Finding.Waiver = &finding.Waiver{Reason: "r", Expires: "2999-12-31"}
	return m
}

func gapOf(account, resource string) Message {
	return Message{Gap: &fact.Gap{AccountID: account, Resource: resource}}
}

func TestCompareLinks(t *testing.T) {
	for name, test := range map[string]struct {
		before, after []Message
		want          string // before after worse
		status        int
	}{
		"same":              {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{linkOf("a/r→b", finding.Broken)}, "", ExitClean},
		"broke":             {[]Message{linkOf("a/r→b", finding.Works)}, []Message{linkOf("a/r→b", finding.Broken)}, "works broken worse", ExitFaults},
		"broke, unknown":    {[]Message{linkOf("a/r→b", finding.UnknownVerdict)}, []Message{linkOf("a/r→b", finding.Broken)}, "unknown broken worse", ExitFaults},
		"no longer known":   {[]Message{linkOf("a/r→b", finding.Works)}, []Message{linkOf("a/r→b", finding.UnknownVerdict)}, "works unknown worse", ExitFaults},
		"not known broken":  {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{linkOf("a/r→b", finding.UnknownVerdict)}, "broken unknown", ExitIncomplete},
		"repaired":          {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{linkOf("a/r→b", finding.Works)}, "broken works", ExitClean},
		"new":               {nil, []Message{linkOf("a/r→b", finding.Works)}, "none works", ExitClean},
		"new, broken":       {nil, []Message{linkOf("a/r→b", finding.Broken)}, "none broken worse", ExitFaults},
		"new, unknown":      {nil, []Message{linkOf("a/r→b", finding.UnknownVerdict)}, "none unknown", ExitIncomplete},
		"gone, worked":      {[]Message{linkOf("a/r→b", finding.Works)}, nil, "works none worse", ExitFaults},
		"gone, broken":      {[]Message{linkOf("a/r→b", finding.Broken)}, nil, "broken none", ExitClean},
		"account unread":    {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{gapOf("1", "1")}, "broken unknown", ExitIncomplete},
		"bucket unread":     {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{gapOf("1", "arn:aws:s3:::a")}, "broken unknown", ExitIncomplete},
		"other bucket":      {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{gapOf("", "arn:aws:s3:::x")}, "broken none", ExitClean},
		"other account":     {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{gapOf("2", "2")}, "broken none", ExitClean},
		"organization":      {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{gapOf("", "")}, "broken unknown", ExitIncomplete},
		"account suspended": {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 1, Unreadable: 1}}}}, "broken unknown", ExitIncomplete},
		"other scope":       {[]Message{linkOf("a/r→b", finding.Broken)}, []Message{{Run: &Run{ID: "r", Scope: fact.Scope{Mode: "organization", Buckets: "x*"}}}}, "broken unknown", ExitIncomplete},
		"only probed":       {[]Message{linkOf("a/r→b", finding.Works)}, []Message{{Measurement: &measure.Measurement{Link: "a/r→b"}}}, "works unknown worse", ExitFaults},
	} {
		t.Run(name, func(t *testing.T) {
			d := Compare(recorded(test.before...), recorded(test.after...), "")
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

func TestCompareFindings(t *testing.T) {
	fail := findingOf("XC012", "p", finding.Fail, finding.High)
	pass := findingOf("XC012", "p", finding.Pass, finding.High)
	unknown := findingOf("XC012", "p", finding.Unknown, finding.High)
	waived := waivedOf(findingOf("XC012", "p", finding.Fail, finding.High))
	elsewhere := findingOf("XC012", "q", finding.Pass, finding.High)
	elsewhere.Finding.Resource, elsewhere.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	for name, test := range map[string]struct {
		before, after []Message
		want          string // change fingerprint
		status        int
	}{
		"same":                {[]Message{fail}, []Message{fail}, "", ExitClean},
		"still unknown":       {[]Message{unknown}, []Message{unknown}, "", ExitClean},
		"appeared":            {nil, []Message{fail}, "appeared p", ExitFaults},
		"appeared, passed":    {[]Message{pass}, []Message{fail}, "appeared p", ExitFaults},
		"appeared, unknown":   {[]Message{unknown}, []Message{fail}, "appeared p", ExitFaults},
		"waiver over":         {[]Message{waived}, []Message{fail}, "appeared p", ExitFaults},
		"appeared as info":    {nil, []Message{findingOf("XC046", "i", finding.Fail, finding.Info)}, "appeared i", ExitClean},
		"appeared, waived":    {nil, []Message{waived}, "", ExitClean},
		"waived":              {[]Message{fail}, []Message{waived}, "waived p", ExitClean},
		"fixed":               {[]Message{fail}, []Message{pass}, "fixed p", ExitClean},
		"fixed, waived":       {[]Message{waived}, []Message{pass}, "fixed p", ExitClean},
		"does not apply":      {[]Message{fail}, []Message{findingOf("XC012", "p", finding.NotApplicable, finding.High)}, "fixed p", ExitClean},
		"unknown":             {[]Message{fail}, []Message{unknown}, "unknown p", ExitIncomplete},
		"passed, unknown":     {[]Message{pass}, []Message{unknown}, "unknown p", ExitIncomplete},
		"odd status":          {[]Message{pass}, []Message{findingOf("XC012", "p", "", finding.High)}, "unknown p", ExitIncomplete},
		"another fault":       {[]Message{fail}, []Message{findingOf("XC012", "q", finding.Fail, finding.High)}, "appeared q fixed p", ExitFaults},
		"passes otherwise":    {[]Message{fail}, []Message{findingOf("XC012", "q", finding.Pass, finding.High)}, "fixed p", ExitClean},
		"unknown otherwise":   {[]Message{fail}, []Message{findingOf("XC012", "q", finding.Unknown, finding.High)}, "unknown p unknown q", ExitIncomplete},
		"bucket gone":         {[]Message{fail}, []Message{elsewhere}, "fixed p", ExitClean},
		"bucket not read":     {[]Message{fail}, []Message{elsewhere, gapOf("1", "arn:aws:s3:::a")}, "unknown p", ExitIncomplete},
		"account not read":    {[]Message{fail}, []Message{elsewhere, gapOf("1", "1")}, "unknown p", ExitIncomplete},
		"rule not judged":     {[]Message{fail}, nil, "unknown p", ExitIncomplete},
		"not probed":          {[]Message{findingOf("XC902", "p", finding.Fail, finding.High)}, []Message{elsewhere}, "unknown p", ExitIncomplete},
		"probed":              {[]Message{findingOf("XC902", "p", finding.Fail, finding.High)}, []Message{{Measurement: &measure.Measurement{Link: "a/r→b"}}}, "fixed p", ExitClean},
		"left behind":         {[]Message{findingOf("XC904", "p", finding.Fail, finding.High)}, []Message{{Measurement: &measure.Measurement{Link: "a/r→b"}}}, "unknown p", ExitIncomplete},
		"waiver removed":      {[]Message{findingOf(finding.WaiverUnused, "p", finding.Fail, finding.Low)}, nil, "fixed p", ExitClean},
		"doubled fingerprint": {[]Message{pass, pass}, []Message{pass, fail}, "appeared p", ExitFaults},
	} {
		t.Run(name, func(t *testing.T) {
			d := Compare(recorded(test.before...), recorded(test.after...), "")
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
	after := recorded(findingOf("XC012", "p", finding.Fail, finding.Medium), findingOf("XC012", "q", finding.Fail, "grave"))
	if d := Compare(recorded(), after, finding.High); d.ExitStatus != ExitFaults {
		t.Error("a severity that is not known slipped below the gate")
	}
	after = recorded(findingOf("XC012", "p", finding.Fail, finding.Medium))
	for failOn, want := range map[finding.Severity]int{finding.High: ExitClean, finding.Medium: ExitFaults, "": ExitFaults} {
		if d := Compare(recorded(), after, failOn); d.ExitStatus != want {
			t.Errorf("%q: exit status %d, want %d", failOn, d.ExitStatus, want)
		}
	}
}

// TestCompareProperties: a run has not changed from itself; a failing finding that
// is new is always told; order and wording change nothing.
func TestCompareProperties(t *testing.T) {
	statuses := []finding.Status{finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}
	verdicts := []finding.Verdict{finding.Works, finding.Broken, finding.UnknownVerdict}
	run := rapid.Custom(func(t *rapid.T) []Message {
		var ms []Message
		for _, id := range rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]/[rs]→[cd]`), 0, 6, rapid.ID).Draw(t, "links") {
			ms = append(ms, linkOf(id, rapid.SampledFrom(verdicts).Draw(t, "verdict")))
		}
		for _, print := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-f]`), 0, 6, rapid.ID).Draw(t, "findings") {
			ms = append(ms, findingOf("XC012", print, rapid.SampledFrom(statuses).Draw(t, "status"), finding.Low))
		}
		return ms
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := run.Draw(t, "before"), run.Draw(t, "after")
		if d := Compare(recorded(a...), recorded(a...), ""); d.ExitStatus != ExitClean || len(d.Links)+len(d.Findings) > 0 {
			t.Fatalf("a run differs from itself: %+v", d)
		}
		d := Compare(recorded(a...), recorded(b...), "")
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
			if f := m.Finding; f != nil && f.Status == finding.Fail && !failed[f.Fingerprint] && (told[f.Fingerprint] != Appeared || d.ExitStatus != ExitFaults) {
				t.Fatalf("%s appeared, and the difference says %q with exit status %d", f.Fingerprint, told[f.Fingerprint], d.ExitStatus)
			}
			if l := m.Link; l != nil && l.Verdict == finding.Broken && len(a) == 0 && d.ExitStatus != ExitFaults {
				t.Fatalf("%s is broken and new, exit status %d", l.ID, d.ExitStatus)
			}
		}
		var mixed []Message
		for _, m := range rapid.Permutation(b).Draw(t, "order") {
			if m.Finding != nil {
				f := *m.Finding
				f.Message = "in other words"
				m.Finding = &f
			}
			mixed = append(mixed, m)
		}
		other := Compare(recorded(a...), recorded(mixed...), "")
		for i := range other.Findings {
			other.Findings[i].Finding.Message = ""
		}
		x, _ := json.Marshal(d)
		y, _ := json.Marshal(other)
		if diff := cmp.Diff(string(x), string(y)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestWriteDiff: nothing in either output acts on a terminal, and the table says
// how many rows it left out.
func TestWriteDiff(t *testing.T) {
	hostile := "\x1b[31mred\u202e\r\n" + strings.Repeat("x", 10<<10) + "\xff"
	var ms []Message
	for range 3 {
		m := findingOf(hostile, hostile+string(rune('a'+len(ms))), finding.Fail, finding.Severity(hostile))
		m.Finding.Message, m.Finding.AccountID = hostile, hostile
		ms = append(ms, m, linkOf(hostile+string(rune('a'+len(ms))), finding.Broken))
	}
	before, after := recorded(), recorded(ms...)
	before.run.ID, after.run.StartedAt = hostile, hostile
	d := Compare(before, after, "")
	var table, doc bytes.Buffer
	if err := d.WriteTable(&table, Options{Rows: 1}); err != nil {
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
	var back Diff
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || len(back.Findings) != 3 || len(back.Links) != 3 || back.ExitStatus != ExitFaults {
		t.Errorf("%v: %d findings, %d links", err, len(back.Findings), len(back.Links))
	}
}

// TestDiffMeetsItsSchema: what is written does, and the schema refuses what is wrong.
func TestDiffMeetsItsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	for _, name := range []string{"report", "diff"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "schemas", name+".schema.json"))
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
	write := func(d *Diff) string {
		var out bytes.Buffer
		if err := d.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	good := write(Compare(
		recorded(linkOf("a/r→b", finding.Works), findingOf("XC012", "p", finding.Fail, finding.High)),
		recorded(linkOf("a/s→b", finding.Broken), findingOf("XC012", "q", finding.Fail, finding.High)), ""))
	conforms(t, s, []byte(good))
	conforms(t, s, []byte(write(Compare(recorded(), recorded(), ""))))
	for _, change := range [][2]string{
		{`"schema_version":"1"`, `"schema_version":"2"`},
		{`"links":[`, `"links":null,"x":[`},
		{`"before":"works"`, `"before":"fine"`},
		{`"change":"fixed"`, `"change":"gone"`},
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
