package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

const (
	defaultWidth = 120 // columns where nobody said how wide the terminal is
	minWidth     = 60  // narrower than this, nothing can be read
	wideEnough   = 100 // narrower than this, columns are stacked
	defaultRows  = 100
	gapRows      = 20
	maxCell      = 600 // characters; JSON has the whole text
)

// renderTable writes the report for a person at a terminal: links, findings
// that did not pass, measurements, gaps, coverage, summary. It fits Options.Width,
// cuts long tables with a count, and lets no character through that a terminal
// could take for more than text.
func renderTable(w io.Writer, r *records, o Options) error {
	twwidth.SetEastAsian(false) // the library guesses from the environment; the same run must give the same table
	t := &table{w: &trimmer{w: w}, width: max(cmp.Or(o.Width, defaultWidth), minWidth), rows: cmp.Or(o.Rows, defaultRows), color: o.Color}
	t.links(r)
	t.findings(r)
	t.past(r)
	t.measurements(r)
	t.gaps(r)
	t.line("Coverage: %s", coverageText(r))
	t.line("Summary: %s", summaryText(r))
	return t.err
}

type table struct {
	w     io.Writer
	width int
	rows  int
	color bool
	err   error
}

func (t *table) line(format string, args ...any) {
	for i, l := range wrap(fmt.Sprintf(format, args...), t.width-2) {
		indent := ""
		if i > 0 {
			indent = "  "
		}
		t.print(indent + l + "\n")
	}
}

func (t *table) print(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s)
	}
}

// walk keeps the error of reading records.
func (t *table) walk(err error) { t.err = cmp.Or(t.err, err) }

func (t *table) links(r *records) {
	c := r.summary.Links
	if r.links.len() == 0 {
		if len(r.measurements) > 0 {
			return // a canary without a scan: its probes name the links
		}
		t.line("Links: none found")
		t.print("\n")
		return
	}
	t.line("Links: %d broken, %d unknown, %d working", c.Broken, c.Unknown, c.Works)
	ls := top[*finding.Link]{n: t.rows}
	t.walk(r.links.each(func(l *finding.Link) error {
		ls.add(linkRank(l), l)
		return nil
	}))
	g := grid{header: []string{"SOURCE → DESTINATION", "RULE", "VERDICT", "WHY"}, keep: []int{2}}
	for _, l := range ls.list() {
		g.add(one(ends(l)), one(l.RuleID), one(marked(string(l.Verdict), l.Baseline)), one(why(l)))
	}
	t.grid(g, ls.all-t.rows)
}

func verdictRank(v finding.Verdict) int {
	return slices.Index([]finding.Verdict{finding.Broken, finding.UnknownVerdict, finding.Works}, v)
}

// linkRank puts what is broken first, and of that what the baseline has last.
func linkRank(l *finding.Link) int {
	r := 2 * verdictRank(l.Verdict)
	if l.Baseline == MarkExisting {
		r++
	}
	return r
}

func ends(l *finding.Link) string { return end(l.Source) + " → " + end(l.Destination) }

func end(e finding.End) string { return cmp.Or(e.AccountID, "?") + "/" + e.Bucket }

// why is the sentence of a link with those failure codes that it does not name.
func why(l *finding.Link) string {
	var codes []string
	for _, c := range l.FailureCodes {
		if !strings.Contains(l.Why, c) {
			codes = append(codes, c)
		}
	}
	switch {
	case len(codes) == 0:
		return l.Why
	case l.Why == "":
		return strings.Join(codes, ", ")
	}
	return l.Why + " (" + strings.Join(codes, ", ") + ")"
}

func (t *table) findings(r *records) {
	c := r.summary.Findings
	title := fmt.Sprintf("Findings: %d failed, %d unknown, %d waived, %d passed", c.Fail, c.Unknown, c.Waived, c.Pass)
	t.line("%s", title)
	rows := folds{top: top[*folded]{n: t.rows}, repeated: map[string]*folded{}}
	t.walk(r.findings.each(func(f *finding.Finding) error {
		if faulty(f) {
			rows.add(f)
		}
		return nil
	}))
	if rows.findings == 0 {
		t.print("\n")
		return
	}
	g := grid{header: []string{"SEVERITY", "STATUS", "RULE", "WHERE", "FINDING"}, keep: []int{0, 1, 2}}
	shown := 0
	for _, row := range rows.list() {
		f := row.first
		shown += row.n
		where := cmp.Or(f.AccountID, "?") + " " + cmp.Or(f.Link, bucketOf(f.Resource))
		text := cell{cmp.Or(f.Message, f.Title)}
		switch w := f.Waiver; {
		case w != nil && f.Status == finding.Fail:
			text = append(text, "waived: "+waiverText(w))
		case row.n > 1 && f.Status == finding.Fail:
			text = append(text, fmt.Sprintf("and %d more of %s (use -o json)", row.n-1, f.RuleID))
		case row.n > 1:
			text = append(text, fmt.Sprintf("so are %d other rules here", row.n-1))
		case f.Remediation != "":
			text = append(text, "fix: "+f.Remediation)
		}
		g.add(one(string(f.Severity)), one(markedStatus(f)), one(f.RuleID), one(where), text)
	}
	t.grid(g, rows.findings-shown)
}

// folded is a row of the table of findings: what says the same stands in one row,
// under the most urgent of it.
type folded struct {
	first *finding.Finding
	at    int // the number of first
	n     int
}

// folds puts findings into rows: findings that one gap leaves unknown in one
// place, and the failures of a rule of low or info severity, which repeat
// themselves on every link, share one. JSON has each of them.
type folds struct {
	top      top[*folded]
	findings int // how many were added

	repeated map[string]*folded // of low or info severity, by severity and rule
	// Findings come in the order of records: all that a gap leaves unknown in one
	// place stands together.
	place   string
	unknown []*folded // there
}

func (s *folds) add(f *finding.Finding) {
	s.findings++
	if place := strings.Join([]string{f.AccountID, f.Region, f.Resource, f.Link}, "\x00"); place != s.place {
		s.settle()
		s.place = place
	}
	row := &folded{f, s.findings, 1}
	switch {
	case f.Status == finding.Unknown:
		i := slices.IndexFunc(s.unknown, func(r *folded) bool { return r.first.Message == f.Message })
		if i < 0 {
			s.unknown = append(s.unknown, row)
			return
		}
		old := s.unknown[i]
		old.n++
		if urgency(f) < urgency(old.first) {
			old.first, old.at = f, s.findings
		}
	case f.Status == finding.Fail && rank(f.Severity) >= rank(finding.Low) && f.Waiver == nil:
		k := string(f.Severity) + " " + f.RuleID + " " + f.Baseline
		if old := s.repeated[k]; old != nil {
			old.n++
			return
		}
		s.repeated[k] = row
		s.top.add(urgency(f), row)
	default:
		s.top.add(urgency(f), row)
	}
}

// settle makes rows of what is unknown in a place that is left.
func (s *folds) settle() {
	slices.SortFunc(s.unknown, func(a, b *folded) int { return cmp.Compare(a.at, b.at) })
	for _, row := range s.unknown {
		s.top.add(urgency(row.first), row)
	}
	s.unknown = s.unknown[:0]
}

// list is the rows to show.
func (s *folds) list() []*folded {
	s.settle()
	return s.top.list()
}

func statusText(f *finding.Finding) string {
	if f.Status == finding.Fail && f.Waiver != nil {
		return "waived"
	}
	return string(f.Status)
}

// markedStatus is a status that says what is new since the baseline.
func markedStatus(f *finding.Finding) string {
	if f.Waiver != nil {
		return statusText(f)
	}
	return marked(statusText(f), f.Baseline)
}

func marked(s, mark string) string {
	if mark == MarkNew {
		return s + " " + mark
	}
	return s
}

func waiverText(w *finding.Waiver) string {
	var parts []string
	for _, p := range []struct{ label, value string }{{"", w.Reason}, {"owner ", w.Owner}, {"ticket ", w.Ticket}, {"until ", w.Expires}} {
		if p.value != "" {
			parts = append(parts, p.label+p.value)
		}
	}
	return strings.Join(parts, ", ")
}

// past says what became of the baseline.
func (t *table) past(r *records) {
	b := r.summary.Baseline
	if b == nil {
		return
	}
	t.line("Baseline: %s", baselineText(b))
	if r.past.len() == 0 {
		t.print("\n")
		return
	}
	rows := top[*Past]{n: t.rows}
	t.walk(r.past.each(func(p *Past) error {
		rows.add(pastRank(p), p)
		return nil
	}))
	g := grid{header: []string{"CHANGE", "SEVERITY", "RULE", "WHERE", "FINDING"}, keep: []int{0, 1, 2}}
	for _, p := range rows.list() {
		g.add(one(p.Change), one(string(p.Severity)), one(p.RuleID), one(cmp.Or(p.AccountID, "?")+" "+cmp.Or(p.Link, bucketOf(p.Resource))), one(p.Title))
	}
	t.grid(g, rows.all-t.rows)
}

// pastRank puts what is not known before what is fixed, the severe first.
func pastRank(p *Past) int {
	if p.Change == Fixed {
		return len(severities) + rank(p.Severity)
	}
	return rank(p.Severity)
}

func baselineText(b *BaselineCounts) string {
	s := fmt.Sprintf("%d new, %d existing, %d fixed", b.New, b.Existing, b.Fixed)
	if b.Unknown > 0 {
		s += fmt.Sprintf(", %d not known now", b.Unknown)
	}
	if b.NewLinks > 0 {
		s += fmt.Sprintf("; %s newly broken", count(b.NewLinks, "link"))
	}
	if b.NewProbes > 0 {
		s += fmt.Sprintf("; %s newly failed", count(b.NewProbes, "probe"))
	}
	return s
}

func (t *table) measurements(r *records) {
	if len(r.measurements) == 0 {
		return
	}
	n := [3]int{}
	for _, m := range r.measurements {
		n[measured(m)]++
	}
	t.line("Canary: %s: %d failed, %d undecided, %d as promised", count(len(r.measurements), "probe"), n[0], n[1], n[2])
	ms := slices.Clone(r.measurements)
	slices.SortStableFunc(ms, func(a, b *measure.Measurement) int { return cmp.Compare(measured(a), measured(b)) })
	g := grid{header: []string{"LINK", "PROBE", "OUTCOME", "PREDICTED", "LATENCY", "SOURCE STATUS", "MESSAGE"}, keep: []int{2, 3, 1, 4}}
	for _, m := range ms[:min(len(ms), t.rows)] {
		g.add(one(m.Link), one(m.Variant), one(marked(string(m.Outcome), m.Baseline)), one(m.Predicted), one(latency(m)), one(m.SourceStatus), one(m.Message))
	}
	t.grid(g, len(ms)-t.rows)
}

// measured ranks measurements: 0 faults, 1 undecided ones, 2 what went as promised.
func measured(m *measure.Measurement) int {
	switch {
	case m.Fault():
		return 0
	case m.Undecided():
		return 1
	}
	return 2
}

func latency(m *measure.Measurement) string {
	if m.LatencyMS == 0 && m.Outcome != measure.Arrived {
		return ""
	}
	s := millis(m.LatencyMS)
	if m.SlackMS > 0 {
		s += " (slack " + millis(m.SlackMS) + ")"
	}
	return s
}

func millis(ms int64) string {
	switch {
	case ms < 1000:
		return strconv.FormatInt(ms, 10) + " ms"
	case ms < 60_000:
		return strconv.FormatFloat(float64(ms)/1000, 'f', 1, 64) + " s"
	}
	return fmt.Sprintf("%d min %d s", ms/60_000, ms%60_000/1000)
}

func (t *table) gaps(r *records) {
	if len(r.gaps) == 0 {
		return
	}
	t.line("Not read: %s, by account, call and error", count(len(r.gaps), "fact"))
	g := grid{header: []string{"ACCOUNT", "CALL", "ERROR", "RESOURCE", "MESSAGE"}, keep: []int{0, 2}}
	groups := groupGaps(r.gaps)
	shown := min(len(groups), gapRows, t.rows)
	for _, gap := range groups[:shown] {
		g.add(one(cmp.Or(gap.AccountID, "?")), one(gap.API), one(gap.Code), one(gap.resources()), one(gap.Message))
	}
	more := 0
	for _, gap := range groups[shown:] {
		more += gap.n
	}
	t.grid(g, more)
}

// gapGroup is what one call could not tell about one account, since a missing
// permission shows on every bucket: the first gap and how many there are.
type gapGroup struct {
	*fact.Gap
	n int
}

func (g gapGroup) resources() string {
	if g.n == 1 {
		return g.Resource
	}
	return g.Resource + " and " + count(g.n-1, "other")
}

func groupGaps(gaps []*fact.Gap) []gapGroup {
	type key struct{ account, api, code string }
	index := map[key]int{}
	var groups []gapGroup
	for _, g := range gaps {
		k := key{g.AccountID, g.API, g.Code}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, gapGroup{Gap: g})
		}
		groups[i].n++
	}
	slices.SortStableFunc(groups, func(a, b gapGroup) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.API, b.API), cmp.Compare(a.Code, b.Code))
	})
	return groups
}

func coverageText(r *records) string {
	c := r.coverage
	s := fmt.Sprintf("%d of %s and %d of %s read, %s", c.Accounts.Scanned, count(c.Accounts.Listed, "account"),
		c.Buckets.Scanned, count(c.Buckets.Listed, "bucket"), count(c.Links, "link"))
	if n := c.Accounts.Unreadable; n > 0 {
		s += fmt.Sprintf("; %s could not be read", count(n, "account"))
	}
	if n := len(r.gaps); n > 0 {
		s += fmt.Sprintf("; %s could not be read", count(n, "fact"))
	}
	return s
}

func summaryText(r *records) string {
	l, f := r.summary.Links, r.summary.Findings
	failed := strconv.Itoa(f.Fail) + " failed"
	if b := r.summary.Baseline; b != nil {
		failed += fmt.Sprintf(" (%d new)", b.New)
	}
	return fmt.Sprintf("links %d broken, %d unknown, %d working; findings %s, %d unknown, %d waived, %d passed; %s",
		l.Broken, l.Unknown, l.Works, failed, f.Unknown, f.Waived, f.Pass, exitText(r.summary.ExitStatus))
}

func exitText(status int) string {
	s := "exit status " + strconv.Itoa(status)
	switch status {
	case ExitClean:
		return s + " (clean)"
	case ExitFaults:
		return s + " (faults found)"
	case ExitIncomplete:
		return s + " (incomplete: something is unknown)"
	}
	return s
}

// grid is a table before it is laid out.
type grid struct {
	header []string
	rows   [][]cell
	keep   []int // columns that stay columns on a narrow terminal; the others are stacked in one
}

// cell is the paragraphs of a cell.
type cell []string

func one(s string) cell { return cell{s} }

// add takes one row of cells; whatever a terminal could take for more than text
// is made visible here.
func (g *grid) add(row ...cell) {
	for _, c := range row {
		for i, p := range c {
			c[i] = cut(visible(cutBytes(p, 4*maxCell)), maxCell)
		}
	}
	g.rows = append(g.rows, row)
}

// stack puts all columns but the kept ones into one, a paragraph each.
func (g grid) stack() grid {
	var rest []int
	var names []string
	for i, h := range g.header {
		if !slices.Contains(g.keep, i) {
			rest = append(rest, i)
			names = append(names, h)
		}
	}
	var s grid
	for _, i := range g.keep {
		s.header = append(s.header, g.header[i])
	}
	s.header = append(s.header, strings.Join(names, ", "))
	for _, row := range g.rows {
		var cells []cell
		for _, i := range g.keep {
			cells = append(cells, row[i])
		}
		var all cell
		for _, i := range rest {
			all = append(all, row[i]...)
		}
		s.rows = append(s.rows, append(cells, slices.DeleteFunc(all, func(p string) bool { return p == "" })))
	}
	return s
}

// grid lays a table out: each column as wide as its longest paragraph, and
// while the table is too wide, the widest column gives way.
func (t *table) grid(g grid, more int) {
	const gap = 2
	if t.width < wideEnough {
		g = g.stack()
	}
	widths := make([]int, len(g.header))
	room := t.width - gap*(len(widths)-1)
	for i, h := range g.header {
		widths[i] = twwidth.Width(h)
		for _, row := range g.rows {
			for _, p := range row[i] {
				widths[i] = max(widths[i], twwidth.Width(p))
			}
		}
		room -= widths[i]
	}
	for ; room < 0; room++ {
		widths[slices.Index(widths, slices.Max(widths))]--
	}

	tab := tablewriter.NewTable(t.w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}),
	)
	header := make([]any, len(g.header))
	for i, h := range g.header {
		header[i] = strings.Join(wrap(h, widths[i]), "\n")
	}
	tab.Header(header...)
	var rows [][]string
	lines := 0
	for _, row := range g.rows {
		cells, height := make([]string, len(row)), 0
		for i, c := range row {
			var text []string
			for _, p := range c {
				text = append(text, wrap(p, widths[i])...)
			}
			for j := range text {
				text[j] = t.paint(text[j])
			}
			cells[i] = strings.Join(text, "\n")
			height = max(height, len(text))
		}
		rows = append(rows, cells)
		lines += height
	}
	for i, cells := range rows {
		if i > 0 && lines > 2*len(rows) && t.err == nil {
			t.err = tab.Append(make([]string, len(cells))) // tall rows need a blank line between them
		}
		if t.err == nil {
			t.err = tab.Append(cells)
		}
	}
	if t.err == nil {
		t.err = tab.Render()
	}
	if more > 0 {
		t.line("… and %d more (use -o json)", more)
	}
	t.print("\n")
}

// colors are the words that decide what to look at first.
var colors = map[string]string{
	string(finding.Broken): "31", string(finding.UnknownVerdict): "33", string(finding.Works): "32",
	string(finding.Fail): "31", string(finding.Critical): "1;31", string(finding.High): "31", string(finding.Medium): "33",
	string(measure.Failed): "31", string(measure.Timeout): "31", string(measure.Inconclusive): "33", string(measure.Arrived): "32",
	string(measure.Differs): "31", string(measure.Unexpected): "31", string(measure.Absent): "32",
}

func (t *table) paint(s string) string {
	word := strings.TrimSuffix(s, " "+MarkNew)
	if c := colors[word]; t.color && c != "" {
		return "\x1b[" + c + "m" + s + "\x1b[0m"
	}
	return s
}
