package html

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/text"
)

const (
	chartRows  = 40 // links
	chartRuns  = 60
	chartWidth = 1000
	chartLeft  = 320 // of the scale
	chartRight = 860
	chartLabel = 40
	chartTop   = 34
	chartRow   = 24
)

// latencyChart shows the latency of each link's probes on a logarithmic scale.
type latencyChart struct {
	W, H, Bottom, Left, Right int
	Ticks                     []chartTick
	Rows                      []latencyRow
	More                      int
	Objective                 bool
}

type chartTick struct {
	X     float64
	Label string
}

type latencyRow struct {
	Y, TextY                         int
	Label, Link                      string
	Anchor                           int
	Dots                             []latencyDot
	Missed, Samples                  int
	Objective                        float64 // place of the line, 0 = none
	ObjectiveText, P50, P99, Longest string

	longest int64
}

// latencyDot is a probe: seen at X, and not yet at From.
type latencyDot struct{ From, X float64 }

// latencyTicks are the places of the scale that have a name.
var latencyTicks = []struct {
	ms    int64
	label string
}{
	{1, "1 ms"}, {10, "10 ms"}, {100, "100 ms"}, {1000, "1 s"}, {10_000, "10 s"}, {60_000, "1 min"}, {600_000, "10 min"}, {3_600_000, "1 h"}, {36_000_000, "10 h"},
	{360_000_000, "100 h"},
}

// latencyChart is nil where nothing was measured.
func (p *page) latencyChart() *latencyChart {
	byLink := map[string][]*measure.Measurement{}
	var all []measure.Measurement
	for _, m := range p.r.Measurements {
		byLink[m.Link] = append(byLink[m.Link], m)
		all = append(all, measure.Measurement{Link: m.Link, Outcome: m.Outcome, LatencyMS: m.LatencyMS})
	}
	c := &latencyChart{W: chartWidth, Left: chartLeft, Right: chartRight}
	least, most := int64(math.MaxInt64), int64(0)
	see := func(ms int64) { least, most = min(least, ms), max(most, ms) }
	var rows []latencyRow
	for _, l := range measure.Group(all) {
		row := latencyRow{Link: l.Link, Missed: l.Missed, Samples: l.Samples(), P50: percentile(&l, 50), P99: percentile(&l, 99), ObjectiveText: p.r.Objectives[l.Link].Text()}
		for _, m := range byLink[l.Link] {
			if m.Outcome == measure.Arrived || m.Outcome == measure.Differs {
				row.longest = max(row.longest, m.LatencyMS)
			}
		}
		row.Longest = text.Millis(row.longest)
		if row.Missed > 0 {
			row.Longest = "never"
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b latencyRow) int {
		return cmp.Or(cmp.Compare(min(b.Missed, 1), min(a.Missed, 1)), cmp.Compare(b.longest, a.longest))
	})
	c.Rows, c.More = rows[:min(len(rows), chartRows)], max(0, len(rows)-chartRows)
	for _, row := range c.Rows {
		if o := p.r.Objectives[row.Link]; o.MS > 0 {
			see(o.MS)
			c.Objective = true
		}
		for _, m := range byLink[row.Link] {
			if m.Outcome == measure.Arrived || m.Outcome == measure.Differs {
				see(max(1, m.LatencyMS-m.SlackMS))
				see(max(1, m.LatencyMS))
			}
		}
	}
	if most == 0 {
		return nil // nothing arrived, and nothing was promised
	}
	ticks := latencyTicks
	for len(ticks) > 2 && ticks[1].ms <= least {
		ticks = ticks[1:]
	}
	for len(ticks) > 2 && ticks[len(ticks)-2].ms >= most {
		ticks = ticks[:len(ticks)-1]
	}
	low, high := math.Log10(float64(ticks[0].ms)), math.Log10(float64(ticks[len(ticks)-1].ms))
	x := func(ms int64) float64 {
		part := (math.Log10(float64(max(1, ms))) - low) / (high - low)
		return tenth(chartLeft + (chartRight-chartLeft)*min(part, 1))
	}
	for _, t := range ticks {
		c.Ticks = append(c.Ticks, chartTick{x(t.ms), t.label})
	}
	for i := range c.Rows {
		row := &c.Rows[i]
		row.Y = chartTop + i*chartRow + chartRow/2
		row.TextY, row.Anchor = row.Y+4, p.anchor(row.Link)
		if o := p.r.Objectives[row.Link]; o.MS > 0 {
			row.Objective = x(o.MS)
		}
		drawn := map[latencyDot]bool{}
		for _, m := range byLink[row.Link] {
			dot := latencyDot{x(max(1, m.LatencyMS-m.SlackMS)), x(m.LatencyMS)}
			if (m.Outcome == measure.Arrived || m.Outcome == measure.Differs) && !drawn[dot] && len(row.Dots) < 200 {
				drawn[dot] = true
				row.Dots = append(row.Dots, dot)
			}
		}
		row.Label, row.Link = text.Cut(name(row.Link), chartLabel), name(row.Link)
	}
	c.Bottom = chartTop + len(c.Rows)*chartRow
	c.H = c.Bottom + 8
	return c
}

func percentile(l *measure.Latencies, p float64) string {
	switch d, ok := l.Percentile(p); {
	case !ok:
		return ""
	case d == measure.NeverArrived:
		return "never"
	default:
		return text.Millis(d.Milliseconds())
	}
}

func tenth(x float64) float64 { return math.Round(x*10) / 10 }

// trendChart shows verdicts and latency over runs.
type trendChart struct {
	W, H, Base   int
	Bars         []trendBar
	Line         string // through the p99 of runs side by side
	Dots         []chartTick
	Scale, Slow  string // the values of the highest bar and of the slowest run
	LatencyTop   int
	LatencyBase  int
	HasLatency   bool
	Left         int
	More         int
	First, Last  string
	LabelY, EndX int
}

type trendBar struct {
	X, W               float64
	BrokenY, BrokenH   float64
	PartialY, PartialH float64
	UnknownY, UnknownH float64
	WorksY, WorksH     float64
	Links              report.LinkCounts
	Missed             int
	Started, P99       string
	DotX, DotY         float64
	Dot                bool
}

// trendChart is nil where there is no earlier run.
func (p *page) trendChart() *trendChart {
	if len(p.points) == 0 {
		return nil
	}
	points := p.points
	c := &trendChart{W: chartWidth, Left: 100, EndX: chartWidth - 20, Base: 170, LatencyTop: 215, LatencyBase: 305, H: 190, LabelY: 186, More: max(0, len(points)-chartRuns)}
	points = points[c.More:]
	if len(points) < 2 {
		return nil
	}
	most, slow := 1, int64(0)
	for _, t := range points {
		most = max(most, t.Links.All())
		if t.HasP99 {
			slow = max(slow, t.P99MS)
			c.HasLatency = true
		}
	}
	if c.HasLatency {
		c.H, c.LabelY = 325, 321
	}
	c.Scale, c.Slow = text.Count(most, "link"), text.Millis(slow)
	step := float64(c.EndX-c.Left) / float64(len(points))
	joined := false
	for i, t := range points {
		h := func(n int) float64 { return tenth(float64(n) / float64(most) * 145) }
		b := trendBar{X: tenth(float64(c.Left) + step*float64(i) + step*0.15), W: tenth(min(step*0.7, 60)), BrokenH: h(t.Links.Broken), PartialH: h(t.Links.Partial), UnknownH: h(t.Links.Unknown), WorksH: h(t.Links.Works),
			Links: t.Links, Missed: t.Missed, Started: name(t.StartedAt)}
		b.BrokenY = tenth(float64(c.Base) - b.BrokenH)
		b.PartialY = tenth(b.BrokenY - b.PartialH)
		b.UnknownY = tenth(b.PartialY - b.UnknownH)
		b.WorksY = tenth(b.UnknownY - b.WorksH)
		if t.HasP99 {
			b.P99, b.Dot = text.Millis(t.P99MS), true
			b.DotX, b.DotY = tenth(b.X+b.W/2), tenth(float64(c.LatencyBase)-float64(t.P99MS)/float64(max(1, slow))*float64(c.LatencyBase-c.LatencyTop))
			command := "M"
			if joined {
				command = "L"
			}
			c.Line += fmt.Sprintf("%s%v %v", command, b.DotX, b.DotY)
		}
		joined = t.HasP99
		c.Bars = append(c.Bars, b)
	}
	c.First, c.Last = c.Bars[0].Started, c.Bars[len(c.Bars)-1].Started
	return c
}
