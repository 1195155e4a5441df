package measure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Latencies are the latencies of a link's probes. A probe that failed or timed
// out counts as one whose latency is infinite: [NeverArrived].
type Latencies struct {
	Link    string
	Missed  int     // probes that failed or did not arrive in time
	arrived []int64 // milliseconds, sorted
}

// Samples is how many probes there were.
func (l *Latencies) Samples() int { return len(l.arrived) + l.Missed }

// Percentile is the p-th percentile by nearest rank, 0 < p <= 100, [NeverArrived]
// where that probe did not arrive. It is false when there are fewer samples than
// [MinSamples]: one in a hundred shows only among a hundred.
func (l *Latencies) Percentile(p float64) (time.Duration, bool) {
	const one = 100_000 // percent in thousandths, so that 99.9 is exact
	n, q := l.Samples(), int(math.Round(p*1000))
	if n == 0 || q <= 0 || q > one || q < one && n*(one-q) < one {
		return 0, false
	}
	rank := (n*q + one - 1) / one
	if rank > len(l.arrived) {
		return NeverArrived, true
	}
	return time.Duration(l.arrived[rank-1]) * time.Millisecond, true
}

// Max is the longest latency; false without samples.
func (l *Latencies) Max() (time.Duration, bool) { return l.Percentile(100) }

// NeverArrived is the latency of a probe that never arrived.
const NeverArrived = time.Duration(math.MaxInt64)

// MinSamples is the least number of samples that has a p-th percentile.
func MinSamples(p float64) int {
	left := 100_000 - int(math.Round(p*1000))
	if left <= 0 {
		return 1
	}
	return (100_000 + left - 1) / left
}

// String lists the percentiles that the samples have, the maximum and the number of
// samples.
func (l *Latencies) String() string {
	var parts []string
	for _, p := range []float64{50, 90, 99} {
		if d, ok := l.Percentile(p); ok {
			parts = append(parts, fmt.Sprintf("p%v %s", p, LatencyText(d)))
		}
	}
	if d, ok := l.Max(); ok {
		parts = append(parts, "max "+LatencyText(d))
	}
	samples := fmt.Sprintf("%d samples", l.Samples())
	if l.Samples() == 1 {
		samples = "1 sample"
	}
	return strings.Join(parts, ", ") + " (" + samples + ")"
}

// LatencyText is a latency for people, "never" for [NeverArrived].
func LatencyText(d time.Duration) string {
	if d == NeverArrived {
		return "never"
	}
	return d.String()
}

// Group gathers the latencies of measurements by link, sorted by link. Probes of
// what must not arrive, and those that were not decided, are not among them.
func Group(ms []Measurement) []Latencies {
	by := map[string]*Latencies{}
	for i := range ms {
		m := &ms[i]
		if m.Outcome == Inconclusive || m.Outcome == Absent || m.Outcome == Unexpected {
			continue
		}
		l := by[m.Link]
		if l == nil {
			l = &Latencies{Link: m.Link}
			by[m.Link] = l
		}
		if m.Outcome == Arrived || m.Outcome == Differs {
			l.arrived = append(l.arrived, m.LatencyMS)
		} else {
			l.Missed++
		}
	}
	list := make([]Latencies, 0, len(by))
	for _, l := range by {
		slices.Sort(l.arrived)
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b Latencies) int { return cmp.Compare(a.Link, b.Link) })
	return list
}
