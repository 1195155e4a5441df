package canary

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"crosscheck/canary/measure"
)

// latencyBuckets are the upper bounds of the histogram in seconds. 900 is what
// Replication Time Control promises.
var latencyBuckets = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1800}

// Metrics are the measurements of a watch in Prometheus's text format, version
// 0.0.4. They are written by hand: a few families do not need a library.
// https://prometheus.io/docs/instrumenting/exposition_formats/
type Metrics struct {
	mu      sync.Mutex
	version string
	links   map[string]*linkMetrics
	rounds  int
	ended   time.Time // of the last round
	left    int
}

type linkMetrics struct {
	source, destination string
	counts              []uint64 // by bucket, not cumulated; the last is beyond all
	sum                 float64
	success             time.Time
	outcomes            map[measure.Outcome]uint64
	failures            map[string]uint64 // by code
}

// NewMetrics makes metrics of nothing yet; version is crosscheck's.
func NewMetrics(version string) *Metrics {
	return &Metrics{version: version, links: map[string]*linkMetrics{}}
}

func (m *Metrics) link(t *Target) *linkMetrics {
	l := m.links[t.Link]
	if l == nil {
		l = &linkMetrics{
			source: t.Source.Name, destination: t.Destination.Name, counts: make([]uint64, len(latencyBuckets)+1),
			outcomes: map[measure.Outcome]uint64{}, failures: map[string]uint64{},
		}
		m.links[t.Link] = l
	}
	return l
}

// Know makes a link appear before its first measurement, so that a link which
// never succeeded can be alerted on.
func (m *Metrics) Know(t *Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.link(t)
}

// Add counts a measurement. A failure counts once for each code that the audit
// predicts, and under what was seen where it predicts none: S3 shows no code at
// the source.
func (m *Metrics) Add(t *Target, x *measure.Measurement) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.link(t)
	l.outcomes[x.Outcome]++
	m.left += len(x.Leftovers)
	if x.Outcome == measure.Arrived || x.Outcome == measure.Differs {
		seconds := float64(x.LatencyMS) / 1000
		i, _ := slices.BinarySearch(latencyBuckets, seconds)
		l.counts[i]++
		l.sum += seconds
	}
	switch {
	case x.Proves() == "works":
		l.success = time.Now()
	case x.Proves() == "broken" && len(x.FailureCodes) > 0:
		for _, c := range x.FailureCodes {
			l.failures[c]++
		}
	case x.Proves() == "broken":
		l.failures[strings.ToUpper(string(x.Outcome))]++
	}
}

// Round notes that a round of probes has ended.
func (m *Metrics) Round() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rounds++
	m.ended = time.Now()
}

// WriteTo writes all metrics, in a fixed order.
func (m *Metrics) WriteTo(w io.Writer) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &counter{w: bufio.NewWriter(w)}
	links := slices.Sorted(maps.Keys(m.links))
	family := func(name, kind, help string) { out.printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	labels := func(link string, more ...string) string {
		l := m.links[link]
		pairs := append([]string{"link", link, "source_bucket", l.source, "destination_bucket", l.destination}, more...)
		return labelText(pairs)
	}

	const latency = "crosscheck_replication_latency_seconds"
	family(latency, "histogram", "Time from the answer to the PUT of a probe to the first sight of its replica.")
	for _, link := range links {
		l, n := m.links[link], uint64(0)
		for i, c := range l.counts {
			n += c
			bound := "+Inf"
			if i < len(latencyBuckets) {
				bound = number64(latencyBuckets[i])
			}
			out.printf("%s_bucket%s %d\n", latency, labels(link, "le", bound), n)
		}
		out.printf("%s_sum%s %s\n%s_count%s %d\n", latency, labels(link), number64(l.sum), latency, labels(link), n)
	}
	const success = "crosscheck_replication_last_success_timestamp_seconds"
	family(success, "gauge", "When a probe of the link last proved that it works; 0 = never since the watch began.")
	for _, link := range links {
		at := 0.0
		if t := m.links[link].success; !t.IsZero() {
			at = float64(t.UnixMilli()) / 1000
		}
		out.printf("%s%s %s\n", success, labels(link), number64(at))
	}
	const probes = "crosscheck_probes_total"
	family(probes, "counter", "Probes by outcome.")
	for _, link := range links {
		for _, o := range []measure.Outcome{measure.Arrived, measure.Failed, measure.Timeout, measure.Differs, measure.Absent, measure.Unexpected, measure.Inconclusive} {
			out.printf("%s%s %d\n", probes, labels(link, "outcome", string(o)), m.links[link].outcomes[o])
		}
	}
	const failures = "crosscheck_replication_failures_total"
	family(failures, "counter", "Failed probes by failure code as the audit predicts it, or by what was seen.")
	for _, link := range links {
		for _, c := range slices.Sorted(maps.Keys(m.links[link].failures)) {
			out.printf("%s%s %d\n", failures, labels(link, "code", c), m.links[link].failures[c])
		}
	}
	const left = "crosscheck_left_behind_total"
	family(left, "counter", "Versions, delete markers and uploads of probes that could not be removed.")
	out.printf("%s %d\n", left, m.left)
	const rounds = "crosscheck_rounds_total"
	family(rounds, "counter", "Rounds of probes that have ended.")
	out.printf("%s %d\n", rounds, m.rounds)
	const ended = "crosscheck_last_round_timestamp_seconds"
	family(ended, "gauge", "When the last round of probes ended; 0 = none has.")
	at := 0.0
	if !m.ended.IsZero() {
		at = float64(m.ended.UnixMilli()) / 1000
	}
	out.printf("%s %s\n", ended, number64(at))
	family("crosscheck_build_info", "gauge", "The version of crosscheck.")
	out.printf("crosscheck_build_info%s 1\n", labelText([]string{"version", m.version}))
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.n, out.err
}

type counter struct {
	w   *bufio.Writer
	n   int64
	err error
}

func (c *counter) printf(format string, args ...any) {
	if c.err != nil {
		return
	}
	n, err := fmt.Fprintf(c.w, format, args...)
	c.n, c.err = c.n+int64(n), err
}

func labelText(pairs []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(pairs[i] + `="` + escape.Replace(strings.ToValidUTF8(pairs[i+1], "\uFFFD")) + `"`)
	}
	return b.String() + "}"
}

func number64(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
