package report

import (
	"cmp"
	"slices"

	"crosscheck/canary"
)

// TrendPoint is what a trend over runs shows of one of them.
type TrendPoint struct {
	ID, StartedAt string // of the run; RFC 3339, UTC

	Works, Broken, Unknown int // links

	P50MS, P99MS   int64 // milliseconds from PUT to replica, over all probes of the run
	HasP50, HasP99 bool  // there are probes enough to tell, and they arrived
	Missed         int   // probes that failed or did not arrive in time; they count as having taken for ever
}

// trendPoint is that of a run with these probes.
func trendPoint(run *Run, sum *Summary, probes *latencies) TrendPoint {
	p := TrendPoint{ID: run.ID, StartedAt: run.StartedAt, Works: sum.Links.Works, Broken: sum.Links.Broken, Unknown: sum.Links.Unknown}
	l := probes.all()
	p.Missed = l.Missed
	if d, ok := l.Percentile(50); ok && d != canary.Forever {
		p.P50MS, p.HasP50 = d.Milliseconds(), true
	}
	if d, ok := l.Percentile(99); ok && d != canary.Forever {
		p.P99MS, p.HasP99 = d.Milliseconds(), true
	}
	return p
}

// latencies gathers those of all probes of a run.
type latencies []canary.Measurement

func (l *latencies) add(m *canary.Measurement) {
	*l = append(*l, canary.Measurement{Outcome: m.Outcome, LatencyMS: m.LatencyMS})
}

func (l *latencies) all() canary.Latencies {
	for _, g := range canary.Group(*l) {
		return g // all have one link, that without a name
	}
	return canary.Latencies{}
}

// trend is the earlier runs and this one. A run that stands among the earlier ones
// already, since a report is made of it again, is there once.
func (r *records) trend(earlier []TrendPoint) []TrendPoint {
	var probes latencies
	for _, m := range r.measurements {
		probes.add(m)
	}
	var all []TrendPoint
	for _, p := range earlier {
		if p.ID != r.run.ID {
			all = append(all, p)
		}
	}
	all = append(all, trendPoint(r.run, r.summary, &probes))
	slices.SortFunc(all, func(a, b TrendPoint) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return all
}
