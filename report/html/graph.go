package html

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// The graph of the page: source accounts on the left, destination accounts on the
// right, a curve for each link. It is laid out here, once; the script of the page
// hides what a filter leaves out.
const (
	graphWhole  = 60 // more links than these are not all drawn
	graphPairs  = 10 // pairs of accounts from which on only accounts are drawn
	graphSome   = 50 // links drawn where there are more, between fewer pairs
	graphLines  = 120
	graphLabel  = 44 // characters
	graphWidth  = 1000
	graphColumn = 350
	graphRow    = 24
	graphHead   = 28
	graphPad    = 8
	graphGap    = 14
)

// graphLink is what the graph knows of a link, as the page shows it.
type graphLink struct {
	from, to, source, destination, rule string // accounts, buckets
	verdict                             finding.Verdict
	anchor                              int
}

// accountPair is a source and a destination account.
type accountPair struct{ from, to string }

// graphLine is a line to draw: a link, or all that are left of a pair of accounts.
type graphLine struct {
	from, to [2]string // group and row
	order    []int     // the smallest is drawn first in its group
	verdict  finding.Verdict
	links    int
	anchor   int    // 0 = several links
	pair     string // "source-account destination-account" where there are several links
	title    string

	y int
}

// graphView is the graph as it is drawn.
type graphView struct {
	W, H     int
	Boxes    []graphBox
	Lines    []graphCurve
	Accounts bool // accounts are drawn, not buckets
	More     int  // links that are not drawn
}

type graphBox struct {
	X, Y, W, H, TextX, TextY int
	Name                     string
	Rows                     []graphRowView // of the destinations; those of the sources are with their lines
}

type graphRowView struct {
	Row, X, Y   int // Row numbers the destinations, for their curves
	Label, Full string
}

type graphCurve struct {
	Class, Href, Title, Pair, Path, Tip, Glyph string
	Width                                      int
	X, Y, GlyphY                               int
	Row                                        graphRowView // of the source
	To                                         int          // number of the destination's row
}

var verdictGlyphs = map[finding.Verdict]string{finding.Broken: "✕", finding.Partial: "◐", finding.UnknownVerdict: "?", finding.Works: "✓"}

// linkCounts counts links by verdict.
type linkCounts struct{ report.LinkCounts }

func (c linkCounts) worst() finding.Verdict {
	switch {
	case c.Broken > 0:
		return finding.Broken
	case c.Partial > 0:
		return finding.Partial
	case c.Unknown > 0:
		return finding.UnknownVerdict
	}
	return finding.Works
}

func (c linkCounts) text() string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{c.Broken, "broken"}, {c.Partial, "partial"}, {c.Unknown, "unknown"}, {c.Works, "working"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

// drawGraph lays the links out. They come in the order of their sections; those
// that have none are only in pairs, which counts all.
func drawGraph(links []graphLink, pairs map[accountPair]linkCounts) *graphView {
	total := 0
	for _, c := range pairs {
		total += c.All()
	}
	g := &graphView{W: graphWidth}
	single := links
	if total > graphWhole {
		g.Accounts = len(pairs) >= graphPairs
		single = links[:min(len(links), graphSome)]
		if g.Accounts {
			single = nil
		}
	}
	rest := map[accountPair]linkCounts{}
	for p, c := range pairs {
		rest[p] = c
	}
	twice := map[[2]string]int{}
	for _, l := range single {
		twice[[2]string{l.from, l.source}]++
	}
	var lines []*graphLine
	for _, l := range single {
		label := l.source
		if twice[[2]string{l.from, l.source}] > 1 {
			label += " (" + l.rule + ")"
		}
		lines = append(lines, &graphLine{from: [2]string{"Account " + l.from, label}, to: [2]string{"Account " + l.to, l.destination}, order: []int{l.verdict.Rank(), 0},
			verdict: l.verdict, links: 1, anchor: l.anchor, title: l.source + " → " + l.destination + ", rule " + l.rule + ": " + string(l.verdict)})
		p := accountPair{l.from, l.to}
		c := rest[p]
		c.Add(l.verdict, -1)
		rest[p] = c
	}
	for p, c := range rest {
		n := c.All()
		if n == 0 {
			continue
		}
		l := &graphLine{from: [2]string{"Account " + p.from, "… and " + c.text()}, to: [2]string{"Account " + p.to, "… and others"}, order: []int{len(finding.Verdicts), 0},
			verdict: c.worst(), links: n, pair: p.from + " " + p.to, title: fmt.Sprintf("%s to %s: %s", p.from, p.to, c.text())}
		if g.Accounts {
			l.from, l.to = [2]string{"Source accounts", p.from + ": " + c.text()}, [2]string{"Destination accounts", p.to}
			l.order = []int{l.verdict.Rank(), -c.Failing()}
		}
		lines = append(lines, l)
	}
	g.layOut(lines)
	return g
}

// layOut places what is drawn: sources by verdict, destinations near to where their
// links come from.
func (g *graphView) layOut(lines []*graphLine) {
	worst := map[string]int{}
	for _, l := range lines {
		if at, ok := worst[l.from[0]]; !ok || l.order[0] < at {
			worst[l.from[0]] = l.order[0]
		}
	}
	slices.SortFunc(lines, func(a, b *graphLine) int {
		return cmp.Or(cmp.Compare(worst[a.from[0]], worst[b.from[0]]), cmp.Compare(a.from[0], b.from[0]), slices.Compare(a.order, b.order),
			cmp.Compare(a.from[1], b.from[1]), cmp.Compare(a.to[0], b.to[0]), cmp.Compare(a.to[1], b.to[1]), cmp.Compare(a.anchor, b.anchor))
	})
	for len(lines) > graphLines {
		g.More += lines[len(lines)-1].links
		lines = lines[:len(lines)-1]
	}

	var left, right []graphBox
	y := 0
	for _, l := range lines {
		if len(left) == 0 || left[len(left)-1].Name != l.from[0] {
			if len(left) > 0 {
				y += graphPad + graphGap
			}
			left = append(left, graphBox{Y: y, W: graphColumn, Name: l.from[0]})
			y += graphHead
		}
		l.y = y + graphRow/2
		y += graphRow
		box := &left[len(left)-1]
		box.H = y + graphPad - box.Y
	}
	heightLeft := y + graphPad

	// The middle of what comes in, of each row and of each group.
	type middle struct {
		name   string
		sum, n int
	}
	add := func(list []*middle, name string, y int) []*middle {
		i := slices.IndexFunc(list, func(m *middle) bool { return m.name == name })
		if i < 0 {
			return append(list, &middle{name, y, 1})
		}
		list[i].sum += y
		list[i].n++
		return list
	}
	order := func(list []*middle) {
		slices.SortFunc(list, func(a, b *middle) int {
			return cmp.Or(cmp.Compare(a.sum*b.n, b.sum*a.n), cmp.Compare(a.name, b.name))
		})
	}
	var groups []*middle
	rows := map[string][]*middle{}
	for _, l := range lines {
		groups = add(groups, l.to[0], l.y)
		rows[l.to[0]] = add(rows[l.to[0]], l.to[1], l.y)
	}
	order(groups)
	const x = graphWidth - graphColumn
	at := map[[2]string]int{}
	y = 0
	for _, m := range groups {
		box := graphBox{X: x, Y: y, W: graphColumn, Name: m.name}
		y += graphHead
		order(rows[m.name])
		for _, row := range rows[m.name] {
			at[[2]string{m.name, row.name}] = y + graphRow/2
			y += graphRow
		}
		box.H = y + graphPad - box.Y
		right = append(right, box)
		y += graphPad + graphGap
	}
	heightRight := y - graphGap
	g.H = max(heightLeft, heightRight) + 1
	shift := max(0, (heightLeft-heightRight)/2)
	rowOf := map[[2]string]int{}
	for i, m := range groups {
		right[i].Y += shift
		for _, row := range rows[m.name] {
			rowOf[[2]string{m.name, row.name}] = len(rowOf)
			right[i].Rows = append(right[i].Rows, graphRowView{len(rowOf) - 1, x + 14, at[[2]string{m.name, row.name}] + shift + 4, text.Cut(row.name, graphLabel), row.name})
		}
	}
	g.Boxes = append(left, right...)
	for i := range g.Boxes {
		b := &g.Boxes[i]
		b.TextX, b.TextY = b.X+14, b.Y+19
	}
	for _, l := range lines {
		y2 := at[l.to] + shift
		href := "#links"
		if l.anchor > 0 {
			href = fmt.Sprintf("#l%d", l.anchor)
		}
		g.Lines = append(g.Lines, graphCurve{
			Class: string(l.verdict), Href: href, Title: l.title, Pair: l.pair, To: rowOf[l.to], Width: 2 + min(bits.Len(uint(l.links))-1, 6)/2,
			Path: fmt.Sprintf("M%d %dC500 %d 500 %d %d %d", graphColumn, l.y, l.y, y2, x-8, y2), Tip: fmt.Sprintf("M%d %dl-9 -5v10z", x, y2),
			Glyph: verdictGlyphs[l.verdict], X: graphColumn, Y: l.y, GlyphY: l.y + 4,
			Row: graphRowView{0, 14, l.y + 4, text.Cut(l.from[1], graphLabel), l.from[1]},
		})
	}
}
