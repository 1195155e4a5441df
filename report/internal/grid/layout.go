// Package grid is a run on a terminal of some width: tables and lines, and the words and
// colors by which they show verdicts, findings and measurements.
package grid

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

const (
	defaultWidth = 120 // columns where the width of the terminal is not known
	minWidth     = 60  // narrower than this, nothing can be read
	wideEnough   = 100 // narrower than this, columns are stacked
	maxCell      = 600 // characters; JSON has the whole text
)

// wrap breaks s into lines of at most width columns: at spaces, and where one
// word is longer, after a character that separates the parts of a name. The
// arrow of a link stays with the bucket behind it.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		n := twwidth.Width(word)
		if used > 0 && used+1+n <= width {
			line, used = line+" "+word, used+1+n
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for n > width {
			head, tail := split(word, width)
			lines = append(lines, head)
			word, n = tail, twwidth.Width(tail)
		}
		line, used = word, n
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

func words(s string) []string {
	ws := strings.Fields(s)
	out := ws[:0]
	for i := 0; i < len(ws); i++ {
		if ws[i] == "→" && i+1 < len(ws) {
			i++
			out = append(out, "→ "+ws[i])
			continue
		}
		out = append(out, ws[i])
	}
	return out
}

// split cuts a word after at most width columns, in its second half behind a
// separator if there is one, and always takes at least one character.
func split(word string, width int) (head, tail string) {
	used, end, part, piece := 0, 0, 0, 0
	for i, r := range word {
		n := twwidth.Width(string(r))
		if used+n > width && i > 0 {
			break
		}
		used += n
		end = i + utf8.RuneLen(r)
		switch {
		case used <= width/2:
		case strings.ContainsRune("/:→ ", r): // between the parts of an ARN or a link
			part = end
		case strings.ContainsRune("-_.,", r):
			piece = end
		}
	}
	end = cmp.Or(part, piece, end)
	// No line begins with two colons: the log of a CI system could take it for a command.
	if colons := strings.TrimRight(word[:end], ":"); strings.HasPrefix(word[end:], ":") && len(colons) > 1 {
		_, n := utf8.DecodeLastRuneInString(colons)
		end = len(colons) - n
	}
	return strings.TrimRight(word[:end], " "), word[end:]
}

// trimmer drops the blanks at the end of each line, and the reset of a color
// that the table library puts behind them.
type trimmer struct {
	w    io.Writer
	line []byte
}

func (t *trimmer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			t.line = append(t.line, rest...)
			break
		}
		t.line = append(t.line, rest[:i]...)
		rest = rest[i+1:]
		if err := t.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (t *trimmer) flush() error {
	const reset = "\x1b[0m"
	line := bytes.TrimRight(t.line, " ")
	for bytes.HasSuffix(line, []byte(" "+reset)) {
		line = bytes.TrimRight(line[:len(line)-len(reset)], " ")
	}
	line = append(line, '\n')
	t.line = t.line[:0]
	_, err := t.w.Write(line)
	return err
}

// Grid is a table before it is laid out.
type Grid struct {
	Header []string
	rows   [][]Cell
	Keep   []int // columns that stay columns on a narrow terminal; the others are stacked in one
}

// Add takes one row of cells; whatever a terminal could take for more than text
// is made visible here.
func (g *Grid) Add(row ...Cell) {
	for _, c := range row {
		for i, p := range c {
			c[i] = text.Cut(text.Visible(text.CutBytes(p, 4*maxCell)), maxCell)
		}
	}
	g.rows = append(g.rows, row)
}

// stack puts all columns but the kept ones into one, a paragraph each.
func (g Grid) stack() Grid {
	var rest []int
	var names []string
	for i, h := range g.Header {
		if !slices.Contains(g.Keep, i) {
			rest = append(rest, i)
			names = append(names, h)
		}
	}
	var s Grid
	for _, i := range g.Keep {
		s.Header = append(s.Header, g.Header[i])
	}
	s.Header = append(s.Header, strings.Join(names, ", "))
	for _, row := range g.rows {
		var cells []Cell
		for _, i := range g.Keep {
			cells = append(cells, row[i])
		}
		var all Cell
		for _, i := range rest {
			all = append(all, row[i]...)
		}
		s.rows = append(s.rows, append(cells, slices.DeleteFunc(all, func(p string) bool { return p == "" })))
	}
	return s
}

// Cell is the paragraphs of a cell.
type Cell []string

// One is a cell of one paragraph.
func One(s string) Cell { return Cell{s} }

// Table lays a table out: each column as wide as its longest paragraph, and
// while the table is too wide, the widest column gives way.
func (t *Printer) Table(g Grid, more int) {
	const gap = 2
	if t.width < wideEnough {
		g = g.stack()
	}
	widths := make([]int, len(g.Header))
	room := t.width - gap*(len(widths)-1)
	for i, h := range g.Header {
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
	header := make([]any, len(g.Header))
	for i, h := range g.Header {
		header[i] = strings.Join(wrap(h, widths[i]), "\n")
	}
	tab.Header(header...)
	var rows [][]string
	lines := 0
	for _, row := range g.rows {
		cells, height := make([]string, len(row)), 0
		for i, c := range row {
			var body []string
			for _, p := range c {
				body = append(body, wrap(p, widths[i])...)
			}
			for j := range body {
				body[j] = t.paint(body[j])
			}
			cells[i] = strings.Join(body, "\n")
			height = max(height, len(body))
		}
		rows = append(rows, cells)
		lines += height
	}
	for i, cells := range rows {
		if i > 0 && lines > 2*len(rows) && t.Err == nil {
			t.Err = tab.Append(make([]string, len(cells))) // tall rows need a blank line between them
		}
		if t.Err == nil {
			t.Err = tab.Append(cells)
		}
	}
	if t.Err == nil {
		t.Err = tab.Render()
	}
	if more > 0 {
		t.Line("… and %d more (use -o json)", more)
	}
	t.Print("\n")
}

// Line writes a formatted text, wrapped to the width, and ends the line.
func (t *Printer) Line(format string, args ...any) {
	for i, l := range wrap(fmt.Sprintf(format, args...), t.width-2) {
		indent := ""
		if i > 0 {
			indent = "  "
		}
		t.Print(indent + l + "\n")
	}
}

// Print writes s as it is.
func (t *Printer) Print(s string) {
	if t.Err == nil {
		_, t.Err = io.WriteString(t.w, s)
	}
}

// Printer writes lines and tables that fit a width, until the first error.
type Printer struct {
	w     io.Writer
	width int
	color bool
	Err   error
}

// The table library guesses from the environment how wide some characters are. The same
// run must give the same table everywhere.
func init() { twwidth.SetEastAsian(false) }

// New writes to w, width columns wide or as wide as a terminal whose width is
// not known.
func New(w io.Writer, width int, color bool) *Printer {
	return &Printer{w: &trimmer{w: w}, width: max(cmp.Or(width, defaultWidth), minWidth), color: color}
}

// Walk keeps the error of reading what is printed.
func (t *Printer) Walk(err error) { t.Err = cmp.Or(t.Err, err) }

// colors are the words that decide what to look at first.
var colors = map[string]string{
	string(finding.Broken): "31", string(finding.Partial): "31", string(finding.UnknownVerdict): "33", string(finding.Works): "32",
	string(finding.Fail): "31", string(finding.Critical): "1;31", string(finding.High): "31", string(finding.Medium): "33",
	string(measure.Failed): "31", string(measure.Timeout): "31", string(measure.Inconclusive): "33", string(measure.Arrived): "32",
	string(measure.Differs): "31", string(measure.Unexpected): "31", string(measure.Absent): "32",
}

func (t *Printer) paint(s string) string {
	word := strings.TrimSuffix(s, " "+report.MarkNew)
	if c := colors[word]; t.color && c != "" {
		return "\x1b[" + c + "m" + s + "\x1b[0m"
	}
	return s
}
