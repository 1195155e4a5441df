package report

import (
	"io"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"crosscheck/canary"
)

// A format finds the run itself among the earlier ones, once and in order.
func TestTrendHoldsTheRunItself(t *testing.T) {
	var got []TrendPoint
	formats["trend"] = format{render: func(_ io.Writer, _ *records, o Options) error {
		got = o.History
		return nil
	}}
	defer delete(formats, "trend")
	run := func(id, at string) []Message {
		ms := []Message{{Run: &Run{ID: id, StartedAt: at}}, {Measurement: &canary.Measurement{Link: "a", Outcome: canary.Arrived, LatencyMS: 70}},
			{Measurement: &canary.Measurement{Link: "b", Outcome: canary.Arrived, LatencyMS: 50}}, {Measurement: &canary.Measurement{Link: "c", Outcome: canary.Timeout}}}
		return summarized(t, Policy{}, ms)
	}
	render(t, "trend", Options{}, run("r", "2026-01-02T00:00:00Z"))
	if got != nil {
		t.Errorf("a trend that nobody asked for: %v", got)
	}
	earlier := []TrendPoint{{ID: "r", StartedAt: "2026-01-02T00:00:00Z", Broken: 7}, {ID: "q", StartedAt: "2026-01-01T00:00:00Z"}, {ID: "s", StartedAt: "2026-01-03T00:00:00Z"}}
	render(t, "trend", Options{History: earlier}, run("r", "2026-01-02T00:00:00Z"))
	want := []TrendPoint{{ID: "q", StartedAt: "2026-01-01T00:00:00Z"},
		{ID: "r", StartedAt: "2026-01-02T00:00:00Z", P50MS: 70, HasP50: true, Missed: 1}, {ID: "s", StartedAt: "2026-01-03T00:00:00Z"}}
	if d := diff.Diff(want, got); d != "" {
		t.Error(d)
	}
}
