package html

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// pageOf is a page of a run with these links.
func pageOf(l report.LinkCounts) *page {
	return &page{r: &records.Run{Run: &report.Run{}, Summary: &report.Summary{Links: l}}}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]report.LinkCounts{
		"No replication link was judged":                       {},
		"1 of 4 links is broken, 2 are unknown":                {Broken: 1, Unknown: 2, Works: 1},
		"2 of 3 links are broken, 1 is unknown":                {Broken: 2, Unknown: 1},
		"1 of 2 links is broken":                               {Broken: 1, Works: 1},
		"1 of 4 links is broken, 2 are partial, 1 is unknown":  {Broken: 1, Partial: 2, Unknown: 1},
		"1 of 2 links is partial":                              {Partial: 1, Works: 1},
		"2 of 2 links are broken":                              {Broken: 2},
		"1 of 1 link is unknown, none is known to be broken":   {Unknown: 1},
		"2 of 3 links are unknown, none is known to be broken": {Unknown: 2, Works: 1},
		"The only link works":                                  {Works: 1},
		"All 2 links work":                                     {Works: 2},
	} {
		if got := pageOf(l).headline(); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]span{
		"":          nil,
		"a":         {{false, "a"}},
		"`a`":       {{true, "a"}},
		"run `a` b": {{false, "run "}, {true, "a"}, {false, " b"}},
	} {
		if diff := cmp.Diff(want, prose(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

// Pairs of accounts are drawn and named by the worst of their links.
func TestLinkCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		verdicts []finding.Verdict
		worst    finding.Verdict
		text     string
	}{
		{nil, finding.Works, ""},
		{[]finding.Verdict{finding.Works}, finding.Works, "1 working"},
		{[]finding.Verdict{finding.Works, finding.UnknownVerdict}, finding.UnknownVerdict, "1 unknown, 1 working"},
		{[]finding.Verdict{finding.UnknownVerdict, finding.Partial, finding.Works}, finding.Partial, "1 partial, 1 unknown, 1 working"},
		{[]finding.Verdict{finding.UnknownVerdict, finding.Broken, finding.Broken, finding.Works}, finding.Broken, "2 broken, 1 unknown, 1 working"},
	} {
		var n linkCounts
		for _, v := range c.verdicts {
			n.Add(v, 1)
		}
		if n.worst() != c.worst || n.text() != c.text {
			t.Errorf("%v: %s, %q", c.verdicts, n.worst(), n.text())
		}
	}
}

// Policies are indented as JSON; what was cut is shown as it is.
func TestPolicyText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":[1]}`:                   "{\n  \"a\": [\n    1\n  ]\n}",
		"{\"a\":\r\n\t 1":             "{\"a\":\n  1",
		strings.Repeat(" ", 50) + "x": strings.Repeat(" ", 40) + "x",
	} {
		if got := policyText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// The section of a link shows a few statements, each once with all that it decides.
func TestStatements(t *testing.T) {
	t.Parallel()
	deciding := func(action, code string, n int, text string) finding.Check {
		return finding.Check{Action: action, FailureCode: code, Deciding: []finding.Statement{{Policy: "p", Statement: n, Text: text}}}
	}
	l := &finding.Link{FailureCodes: []string{"X"}}
	l.Checks = append(l.Checks, deciding("a:none", "", 99, ""), deciding("a:first", "", 0, "{}"))
	for i := range htmlStatements + 1 {
		l.Checks = append(l.Checks, deciding(fmt.Sprint("b:", i), "X", i, "{}"))
	}
	l.Checks = append(l.Checks, deciding("a:again", "", 1, "{}"))
	got := statements(l)
	if len(got) != htmlStatements {
		t.Fatalf("%d statements", len(got))
	}
	if diff := cmp.Diff([][]string{{"b:0", "a:first"}, {"b:1", "a:again"}, {"b:2"}}, [][]string{got[0].Actions, got[1].Actions, got[2].Actions}); diff != "" {
		t.Error(diff)
	}
}

// The page says complete only of a run that read everything.
func TestCoverageIsComplete(t *testing.T) {
	t.Parallel()
	all := fact.Coverage{Accounts: fact.AccountCoverage{Listed: 2, Scanned: 2}, Buckets: fact.BucketCoverage{Listed: 1, Scanned: 1}}
	less := all
	less.Accounts.Scanned, less.Accounts.Unreadable = 1, 1
	for name, c := range map[string]struct {
		coverage fact.Coverage
		gaps     []*fact.Gap
		want     string
	}{
		"everything":       {all, nil, "true true 0"},
		"an account less":  {less, nil, "true false 0"},
		"a gap":            {all, []*fact.Gap{{}}, "true false 1"},
		"nothing is known": {fact.Coverage{}, nil, "false"},
	} {
		p := pageOf(report.LinkCounts{})
		p.r.Coverage, p.r.Gaps = c.coverage, c.gaps
		v := fmt.Sprintf("%+v", p.coverage())
		for i, field := range strings.Fields(c.want) {
			if is := []string{"Told:", "Complete:", "Facts:"}[i] + field; !strings.Contains(v, " "+is+" ") {
				t.Errorf("%s: no %s in %s", name, is, v)
			}
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	of := func(ms ...measure.Measurement) *measure.Latencies { return &measure.Group(ms)[0] }
	arrived := measure.Measurement{Outcome: measure.Arrived, LatencyMS: 1500}
	missed := measure.Measurement{Outcome: measure.Timeout}
	many := slices.Repeat([]measure.Measurement{arrived}, 200)
	for want, l := range map[string]*measure.Latencies{
		"": of(arrived), "1.5 s": of(many...), "never": of(append(slices.Repeat([]measure.Measurement{missed}, 20), many...)...),
	} {
		if got := percentile(l, 99); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Points of the trend: the slowest run is at the top, an instant one at the base, in
// the middle of its bar; runs without latency interrupt the line.
func TestTrendLine(t *testing.T) {
	t.Parallel()
	p := pageOf(report.LinkCounts{})
	point := func(works int, p99 int64, has bool) compare.TrendPoint {
		var t compare.TrendPoint
		t.Links.Works, t.P99MS, t.HasP99 = works, p99, has
		return t
	}
	p.points = []compare.TrendPoint{point(2, 100, true), point(1, 0, true), point(0, 0, false), point(2, 50, true)}
	c := p.trendChart()
	var got []string
	for _, b := range c.Bars {
		if b.Dot {
			got = append(got, fmt.Sprintf("%v %v", b.DotX == tenth(b.X+b.W/2), b.DotY))
		}
	}
	middle := tenth(float64(c.LatencyBase+c.LatencyTop) / 2)
	want := []string{fmt.Sprintf("true %d", c.LatencyTop), fmt.Sprintf("true %d", c.LatencyBase), fmt.Sprintf("true %v", middle)}
	if !slices.Equal(got, want) {
		t.Errorf("dots %v, want %v", got, want)
	}
	if n := strings.Count(c.Line, "M"); n != 2 || strings.Count(c.Line, "L") != 1 {
		t.Errorf("line %s", c.Line)
	}
	if c.Bars[0].WorksH != 2*c.Bars[1].WorksH || c.Bars[0].WorksY+c.Bars[0].WorksH != float64(c.Base) {
		t.Errorf("bars %+v", c.Bars)
	}
}
