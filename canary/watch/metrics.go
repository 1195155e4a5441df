package watch

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"crosscheck/canary"
	"crosscheck/canary/measure"
)

// latencyBuckets are the upper bounds of the latency histogram, in seconds. 900 is
// what Replication Time Control promises.
var latencyBuckets = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1800}

// outcomes are the values of the label outcome.
var outcomes = []measure.Outcome{
	measure.Arrived, measure.Failed, measure.Timeout, measure.Differs,
	measure.Absent, measure.Unexpected, measure.Inconclusive,
}

// Metrics are the measurements of a watch, in a registry of their own together with
// the metrics of this process. All methods may be called at the same time.
type Metrics struct {
	registry  *prometheus.Registry
	latency   *prometheus.HistogramVec
	success   *prometheus.GaugeVec
	probes    *prometheus.CounterVec
	failures  *prometheus.CounterVec
	left      prometheus.Counter
	rounds    prometheus.Counter
	lastRound prometheus.Gauge
}

// NewMetrics makes metrics without any link; version is crosscheck's.
func NewMetrics(version string) *Metrics {
	link := []string{"link", "source_bucket", "destination_bucket"}
	linkAnd := func(label string) []string { return append(link[:len(link):len(link)], label) }
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "crosscheck_replication_latency_seconds",
			Help:    "Time from the answer to the PUT of a probe to the first sight of its replica.",
			Buckets: latencyBuckets,
		}, link),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "crosscheck_replication_last_success_timestamp_seconds",
			Help: "When a probe of the link last proved that it works; 0 = never since the watch began.",
		}, link),
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crosscheck_probes_total",
			Help: "Probes by outcome.",
		}, linkAnd("outcome")),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crosscheck_replication_failures_total",
			Help: "Failed probes by failure code as the audit predicts it, or by outcome where it predicts none.",
		}, linkAnd("code")),
		left: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crosscheck_left_behind_total",
			Help: "Versions, delete markers and uploads of probes that could not be removed.",
		}),
		rounds: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crosscheck_rounds_total",
			Help: "Rounds of probes that have ended.",
		}),
		lastRound: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "crosscheck_last_round_timestamp_seconds",
			Help: "When the last round of probes ended; 0 = none has.",
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "crosscheck_build_info",
		Help:        "The version of crosscheck.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(
		m.latency, m.success, m.probes, m.failures, m.left, m.rounds, m.lastRound, info,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector(),
	)
	return m
}

// labels are the values of the labels of a link; more is that of the fourth label.
func labels(t *canary.Target, more ...string) []string {
	values := append([]string{t.Link, t.Source.Name, t.Destination.Name}, more...)
	for i, v := range values {
		values[i] = strings.ToValidUTF8(v, "\uFFFD")
	}
	return values
}

// Expect makes the series of a link appear before its first measurement, so that
// an alert can fire for a link that never worked.
func (m *Metrics) Expect(t *canary.Target) {
	m.latency.WithLabelValues(labels(t)...)
	m.success.WithLabelValues(labels(t)...)
	for _, o := range outcomes {
		m.probes.WithLabelValues(labels(t, string(o))...)
	}
}

// Observe counts a measurement. A failure counts once for each code that the audit
// predicts; where it predicts none, it counts under its outcome, since S3 shows no
// code at the source.
func (m *Metrics) Observe(t *canary.Target, x *measure.Measurement) {
	m.Expect(t)
	m.probes.WithLabelValues(labels(t, string(x.Outcome))...).Inc()
	m.left.Add(float64(len(x.Leftovers)))
	if x.Outcome == measure.Arrived || x.Outcome == measure.Differs {
		m.latency.WithLabelValues(labels(t)...).Observe(float64(x.LatencyMS) / 1000)
	}
	switch x.Proves() {
	case "works":
		m.success.WithLabelValues(labels(t)...).Set(seconds(time.Now()))
	case "broken":
		codes := x.FailureCodes
		if len(codes) == 0 {
			codes = []string{strings.ToUpper(string(x.Outcome))}
		}
		for _, c := range codes {
			m.failures.WithLabelValues(labels(t, c)...).Inc()
		}
	}
}

// EndRound counts a round of probes that has ended now.
func (m *Metrics) EndRound() {
	m.rounds.Inc()
	m.lastRound.Set(seconds(time.Now()))
}

// Handler serves the metrics in the format that the scraper asks for: Prometheus's
// text format or OpenMetrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// seconds is a time as Prometheus has it, to the millisecond.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
