// Package table writes a run for a person at a terminal.
package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/grid"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/spool"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

const (
	defaultRows = 100
	gapRows     = 20
)

// Options say how a table is laid out.
type Options struct {
	Width int  // columns, 0 = 120
	Color bool // colors for words such as broken
	Rows  int  // rows of one table before it is cut, 0 = 100
}

// table is the report while it is written.
type table struct {
	*grid.Printer
	rows int
}

// Render writes the report for a person at a terminal: links, findings
// that did not pass, measurements, gaps, coverage, summary. It fits the width,
// cuts long tables with a count, and lets no character through that a terminal
// could take for more than text.
func Render(w io.Writer, r *records.Run, o Options) error {
	t := &table{grid.New(w, o.Width, o.Color), cmp.Or(o.Rows, defaultRows)}
	if with := records.WithText(r, text.Cell); with != "" {
		t.Line("What if: %s", with)
	}
	t.links(r)
	t.findings(r)
	t.past(r)
	t.measurements(r)
	t.gaps(r)
	t.Line("Coverage: %s", records.CoverageText(r))
	if a := records.AdditionsText(r, text.Cell); a != "" {
		t.Line("New: %s", a)
	}
	t.Line("Summary: %s", records.SummaryText(r))
	return t.Err
}

func (t *table) links(r *records.Run) {
	if r.Links.Len() == 0 {
		if len(r.Measurements) > 0 {
			return // a canary without a scan: its probes name the links
		}
		t.Line("Links: none found")
		t.Print("\n")
		return
	}
	t.Line("Links: %s", r.Summary.Links)
	ls := spool.Top[*finding.Link]{N: t.rows}
	t.Walk(r.Links.Each(func(l *finding.Link) error {
		ls.Add(records.LinkRank(l), l)
		return nil
	}))
	g := grid.Grid{Header: []string{"SOURCE → DESTINATION", "RULE", "VERDICT", "WHY"}, Keep: []int{2}}
	reasons := records.NewReasons(r.Gaps)
	for _, l := range ls.List() {
		verdict := records.VerdictText(l)
		g.Add(grid.One(records.Ends(l)), grid.One(l.RuleID), grid.One(verdict), grid.One(reasons.Of(l)))
	}
	t.Table(g, ls.All-t.rows)
}

func (t *table) findings(r *records.Run) {
	c := r.Summary.Findings
	title := fmt.Sprintf("Findings: %d failed, %d unknown, %d waived, %d passed", c.Fail, c.Unknown, c.Waived, c.Pass)
	t.Line("%s", title)
	all := records.NewRows(t.rows, r.Gaps)
	t.Walk(r.Findings.Each(func(f *finding.Finding) error {
		all.Add(f)
		return nil
	}))
	list, left := all.List()
	if len(list) == 0 {
		t.Print("\n")
		return
	}
	mends, err := r.Mends(records.Shown(list))
	t.Walk(err)
	g := grid.Grid{Header: []string{"SEVERITY", "STATUS", "RULE", "WHERE", "FINDING"}, Keep: []int{0, 1, 2}}
	for _, r := range list {
		f := r.Shown
		where := cmp.Or(f.AccountID, "?") + " " + cmp.Or(f.Link, report.BucketOf(f.Resource))
		body := grid.Cell{r.Message()}
		label, fix := mends.Fix(f)
		switch w, more := f.Waiver, r.More(); {
		case w != nil && f.Status == finding.Fail:
			body = append(body, "waived: "+records.WaiverText(w))
		case more != "":
			body = append(body, more)
		case fix != "":
			body = append(body, label+": "+fix)
		}
		g.Add(grid.One(string(f.Severity)), grid.One(records.MarkedStatus(f)), grid.One(f.RuleID), grid.One(where), body)
	}
	t.Table(g, left)
}

// past says what became of the baseline.
func (t *table) past(r *records.Run) {
	b := r.Summary.Baseline
	if b == nil {
		return
	}
	t.Line("Baseline: %s", records.BaselineText(b))
	if r.Past.Len() == 0 {
		t.Print("\n")
		return
	}
	rows := spool.Top[*report.Past]{N: t.rows}
	t.Walk(r.Past.Each(func(p *report.Past) error {
		rows.Add(records.PastRank(p), p)
		return nil
	}))
	g := grid.Grid{Header: []string{"CHANGE", "SEVERITY", "RULE", "WHERE", "FINDING"}, Keep: []int{0, 1, 2}}
	for _, p := range rows.List() {
		where := cmp.Or(p.AccountID, "?") + " " + cmp.Or(p.Link, report.BucketOf(p.Resource))
		g.Add(grid.One(p.Change), grid.One(string(p.Severity)), grid.One(p.RuleID), grid.One(where), grid.One(p.Title))
	}
	t.Table(g, rows.All-t.rows)
}

func (t *table) measurements(r *records.Run) {
	if len(r.Measurements) == 0 {
		return
	}
	n := [3]int{}
	for _, m := range r.Measurements {
		n[records.ProbeRank(m)]++
	}
	t.Line("Canary: %s: %d failed, %d undecided, %d as promised",
		text.Count(len(r.Measurements), "probe"), n[0], n[1], n[2])
	ms := slices.Clone(r.Measurements)
	slices.SortStableFunc(ms, func(a, b *measure.Measurement) int {
		return cmp.Compare(records.ProbeRank(a), records.ProbeRank(b))
	})
	g := grid.Grid{
		Header: []string{"LINK", "PROBE", "OUTCOME", "PREDICTED", "LATENCY", "SOURCE STATUS", "MESSAGE"},
		Keep:   []int{2, 3, 1, 4},
	}
	ms = ms[:min(len(ms), t.rows)]
	messages := records.ProbeMessages(ms)
	for i, m := range ms {
		outcome := records.Marked(string(m.Outcome), m.Baseline)
		g.Add(grid.One(m.Link), grid.One(m.Variant), grid.One(outcome), grid.One(m.Predicted),
			grid.One(records.Latency(m)), grid.One(m.SourceStatus), grid.One(messages[i]))
	}
	t.Table(g, len(r.Measurements)-t.rows)
}

func (t *table) gaps(r *records.Run) {
	if len(r.Gaps) == 0 {
		return
	}
	t.Line("Not read: %s, by account, call and error", text.Count(len(r.Gaps), "fact"))
	g := grid.Grid{Header: []string{"ACCOUNT", "CALL", "ERROR", "RESOURCE", "MESSAGE"}, Keep: []int{0, 2}}
	groups := records.GroupGaps(r.Gaps)
	shown := min(len(groups), gapRows, t.rows)
	for _, gap := range groups[:shown] {
		account := cmp.Or(gap.AccountID, "?")
		g.Add(grid.One(account), grid.One(gap.API), grid.One(gap.Code), grid.One(gap.Resources()), grid.One(gap.Message))
	}
	more := 0
	for _, gap := range groups[shown:] {
		more += gap.N
	}
	t.Table(g, more)
}
