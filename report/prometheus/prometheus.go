// Package prometheus writes a run as metrics for the textfile collector of node_exporter.
package prometheus

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"crosscheck/canary/measure"
	"crosscheck/report/internal/records"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// Render writes metrics in the text format of Prometheus, sorted by name and labels:
// counts, a series for each link with its verdict, and what the canary measured.
// Findings are counted by rule and not listed.
// https://prometheus.io/docs/instrumenting/exposition_formats/
func Render(w io.Writer, r *records.Run) error {
	m := metrics{prometheus.NewRegistry()}

	links := m.gauge("crosscheck_link", "Replication links with their verdict.",
		"link", "source_account", "destination_account", "verdict")
	err := r.Links.Each(func(l *finding.Link) error {
		links.add(1, l.ID, l.Source.AccountID, l.Destination.AccountID, string(l.Verdict))
		return nil
	})

	findings := m.gauge("crosscheck_findings", "Findings by rule, severity and status.",
		"rule", "severity", "status")
	failed := 0
	err = cmp.Or(err, r.Findings.Each(func(f *finding.Finding) error {
		if f.Status == finding.NotApplicable {
			return nil
		}
		findings.add(1, f.RuleID, string(f.Severity), records.StatusText(f))
		if records.StatusRank(f) == 0 {
			failed++
		}
		return nil
	}))

	if b := r.Summary.Baseline; b != nil {
		m.counts("crosscheck_baseline_findings", "Failing findings by what the baseline says of them.",
			"change", map[string]int{"new": b.New, "existing": b.Existing, "fixed": b.Fixed, "gone": b.Gone, "unknown": b.Unknown})
	}
	m.probes(r.Measurements)

	a, b := r.Coverage.Accounts, r.Coverage.Buckets
	m.counts("crosscheck_accounts", "Accounts of the run.",
		"state", map[string]int{"listed": a.Listed, "scanned": a.Scanned, "unreadable": a.Unreadable})
	m.counts("crosscheck_buckets", "Buckets of the run.",
		"state", map[string]int{"listed": b.Listed, "scanned": b.Scanned})
	m.gauge("crosscheck_gaps", "Facts that could not be read.").add(float64(len(r.Gaps)))
	m.gauge("crosscheck_exit_status", "Exit status of the run: 0 clean, 1 faults found, 3 incomplete.").
		add(float64(r.Summary.ExitStatus))
	if t, err := time.Parse(time.RFC3339, cmp.Or(r.FinishedAt, r.StartedAt)); err == nil {
		m.gauge("crosscheck_run_timestamp_seconds", "When the run ended.").add(float64(t.Unix()))
	}
	if err != nil {
		return err
	}
	return m.write(w, failed)
}

// metrics are all metrics of a run.
type metrics struct{ *prometheus.Registry }

// probes counts the probes of the canary and takes the longest latency of each kind.
func (m metrics) probes(measurements []*measure.Measurement) {
	probes := m.gauge("crosscheck_canary_probes", "Canary probes of the run by outcome.",
		"link", "variant", "outcome")
	latency := m.gauge("crosscheck_canary_latency_seconds",
		"Longest time from PUT to the replica among the probes of the run that arrived.",
		"link", "variant")
	type series struct{ link, variant string }
	longest := map[series]int64{} // milliseconds
	for _, p := range measurements {
		probes.add(1, p.Link, p.Variant, string(p.Outcome))
		if p.Outcome == measure.Arrived {
			s := series{label(p.Link), label(p.Variant)}
			longest[s] = max(longest[s], p.LatencyMS)
		}
	}
	for s, ms := range longest {
		latency.add(float64(ms)/1000, s.link, s.variant)
	}
}

// gauge makes a metric. It is written once it has a series.
func (m metrics) gauge(name, help string, labels ...string) gauge {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.MustRegister(v)
	return gauge{v}
}

// counts makes a metric with a series for each value of one label.
func (m metrics) counts(name, help, label string, values map[string]int) {
	g := m.gauge(name, help, label)
	for value, n := range values {
		g.add(float64(n), value)
	}
}

// write writes all metrics, and how many failing findings are counted in them only.
func (m metrics) write(w io.Writer, failed int) error {
	families, err := m.Gather()
	if err != nil {
		return err
	}
	if failed > 0 {
		_, err = fmt.Fprintf(w, "# %d failing findings are counted here and not listed (use -o json)\n", failed)
	}
	for _, f := range families {
		if err == nil {
			_, err = expfmt.MetricFamilyToText(w, f)
		}
	}
	return err
}

// gauge is a metric of a run.
type gauge struct{ *prometheus.GaugeVec }

// add adds to the series with these values of its labels, in the order of the labels.
func (g gauge) add(n float64, labels ...string) {
	for i, l := range labels {
		labels[i] = label(l)
	}
	g.WithLabelValues(labels...).Add(n)
}

// label makes text fit for the value of a label; the library escapes it.
func label(s string) string { return text.Cut(text.Visible(s), 1000) }
