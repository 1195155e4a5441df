package html

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/rules/finding"
)

// Whatever the links are, each is drawn or counted, and no two rows lie on each other.
func TestGraph(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(55, 300)).Draw(t, "links")
		accounts := rapid.SampledFrom([]int{1, 3, 40, 200}).Draw(t, "accounts")
		var links []graphLink
		pairs := map[accountPair]linkCounts{}
		for i := range n {
			l := graphLink{
				from: fmt.Sprintf("%012d", rapid.IntRange(0, accounts-1).Draw(t, "from")), to: fmt.Sprintf("%012d", rapid.IntRange(0, accounts-1).Draw(t, "to")),
				source: fmt.Sprintf("source-%d", rapid.IntRange(0, 30).Draw(t, "source")), destination: fmt.Sprintf("destination-%d", rapid.IntRange(0, 30).Draw(t, "destination")),
				rule: fmt.Sprintf("rule-%d", i), verdict: rapid.SampledFrom(finding.Verdicts).Draw(t, "verdict"), anchor: i + 1,
			}
			links = append(links, l)
			c := pairs[accountPair{l.from, l.to}]
			c.Add(l.verdict, 1)
			pairs[accountPair{l.from, l.to}] = c
		}
		g := drawGraph(links[:min(n, graphWhole)], pairs)
		if d := cmp.Diff(g, drawGraph(links[:min(n, graphWhole)], pairs)); d != "" {
			t.Fatal(d)
		}
		if n <= graphWhole && (len(g.Lines) != n || g.More != 0) {
			t.Fatalf("%d links, %d lines", n, len(g.Lines))
		}
		if len(g.Lines) > graphLines {
			t.Fatalf("%d lines", len(g.Lines))
		}
		if len(pairs) <= graphLines && g.More > 0 {
			t.Fatalf("%d links of %d pairs of accounts are not drawn", g.More, len(pairs))
		}
		ys := map[int]bool{}
		for _, l := range g.Lines {
			if ys[l.Y] || l.Y >= g.H {
				t.Fatalf("%d lines at %d of %d", len(g.Lines), l.Y, g.H)
			}
			ys[l.Y] = true
		}
		rows := map[int]bool{}
		for _, b := range g.Boxes {
			for _, r := range b.Rows {
				if rows[r.Row] {
					t.Fatalf("two destinations have the number %d", r.Row)
				}
				rows[r.Row] = true
			}
		}
		for _, l := range g.Lines {
			if !rows[l.To] {
				t.Fatalf("a curve leads to the row %d, which is not there", l.To)
			}
			if (l.Href == "#links") != (l.Pair != "") {
				t.Fatalf("a curve to %s is for the accounts %q", l.Href, l.Pair)
			}
		}
		for i, b := range g.Boxes {
			if b.Y < 0 || b.Y+b.H > g.H {
				t.Fatalf("box %v of %d", b, g.H)
			}
			if i > 0 && g.Boxes[i-1].X == b.X && g.Boxes[i-1].Y+g.Boxes[i-1].H >= b.Y {
				t.Fatalf("boxes %v and %v", g.Boxes[i-1], b)
			}
		}
	})
}
