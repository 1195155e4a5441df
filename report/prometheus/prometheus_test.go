package prometheus

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// parse reads a file with the parser of Prometheus's clients, which refuses a metric that
// is there twice, and refuses what the parser lets pass: a series that is there twice, a
// metric without help, another type than gauge.
func parse(t *testing.T, out []byte) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for name, f := range families {
		if f.GetType() != dto.MetricType_GAUGE || f.GetHelp() == "" {
			t.Errorf("%s: type %v, help %q", name, f.GetType(), f.GetHelp())
		}
		seen := map[string]bool{}
		for _, m := range f.Metric {
			s := series(name, m)
			if seen[s] {
				t.Errorf("series twice: %s", s)
			}
			seen[s] = true
		}
	}
	return families
}

// series names a series in the way of PromQL.
func series(name string, m *dto.Metric) string {
	set := model.LabelSet{}
	for _, l := range m.Label {
		set[model.LabelName(l.GetName())] = model.LabelValue(l.GetValue())
	}
	return name + set.String()
}

// values are the values of all series.
func values(families map[string]*dto.MetricFamily) map[string]float64 {
	all := map[string]float64{}
	for name, f := range families {
		for _, m := range f.Metric {
			all[series(name, m)] = m.GetGauge().GetValue()
		}
	}
	return all
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	families := parse(t, render(t, reporttest.Sample(t)))
	want := []string{
		"crosscheck_accounts", "crosscheck_buckets", "crosscheck_canary_latency_seconds", "crosscheck_canary_probes",
		"crosscheck_exit_status", "crosscheck_findings", "crosscheck_gaps", "crosscheck_link", "crosscheck_run_timestamp_seconds",
	}
	if got := slices.Sorted(maps.Keys(families)); !slices.Equal(got, want) {
		t.Errorf("metrics %v, want %v", got, want)
	}
}

// The same probe several times is one series, with the longest latency.
func TestProbes(t *testing.T) {
	t.Parallel()
	ms := []report.Message{{Run: &report.Run{FinishedAt: "not a time"}}}
	for _, latency := range []int64{100, 300, 200} {
		m := &measure.Measurement{Link: "a/r→b", Variant: "plain", Outcome: measure.Arrived, LatencyMS: latency}
		ms = append(ms, report.Message{Measurement: m})
	}
	ms = append(ms, report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Variant: "plain", Outcome: measure.Timeout, LatencyMS: 900}})
	got := values(parse(t, render(t, reporttest.Summarized(t, report.Gate{}, ms))))
	for series, want := range map[string]float64{
		`crosscheck_canary_probes{link="a/r→b", outcome="arrived", variant="plain"}`: 3,
		`crosscheck_canary_probes{link="a/r→b", outcome="timeout", variant="plain"}`: 1,
		`crosscheck_canary_latency_seconds{link="a/r→b", variant="plain"}`:           0.3,
		`crosscheck_exit_status{}`: 1,
	} {
		if n, ok := got[series]; !ok || n != want {
			t.Errorf("%s is %v, want %v in\n%v", series, n, want, got)
		}
	}
	if _, ok := got["crosscheck_run_timestamp_seconds{}"]; ok {
		t.Error("a timestamp of a run whose time is not known")
	}
}

// Findings are counted by what shows of them; a comment says that they are not listed.
func TestFindings(t *testing.T) {
	t.Parallel()
	ms := []report.Message{{Run: &report.Run{}}}
	for _, f := range []finding.Finding{
		{Status: finding.Fail, Resource: "a"}, {Status: finding.Fail, Resource: "b"},
		{Status: finding.Fail, Resource: "c", Waiver: &finding.Waiver{}},
		{Status: finding.Unknown}, {Status: finding.Pass}, {Status: finding.NotApplicable},
	} {
		f.RuleID, f.Severity = "XC002", finding.High
		ms = append(ms, report.Message{Finding: &f})
	}
	out := render(t, reporttest.Summarized(t, report.Gate{}, ms))
	got := map[string]float64{}
	for series, n := range values(parse(t, out)) {
		if strings.HasPrefix(series, "crosscheck_findings") {
			got[series] = n
		}
	}
	want := map[string]float64{
		`crosscheck_findings{rule="XC002", severity="high", status="fail"}`:    2,
		`crosscheck_findings{rule="XC002", severity="high", status="pass"}`:    1,
		`crosscheck_findings{rule="XC002", severity="high", status="unknown"}`: 1,
		`crosscheck_findings{rule="XC002", severity="high", status="waived"}`:  1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !bytes.HasPrefix(out, []byte("# 2 failing findings are counted here and not listed")) {
		t.Errorf("begins with %.80s", out)
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true}, func(w io.Writer, r *records.Run) error { return Render(w, r) }, ms)
}

// A label comes back as the text that other formats show too, whatever is in it.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			families := parse(t, render(t, reporttest.HostileRun(t, s)))
			s = string([]rune(s)) // records keep JSON, which has no bytes that are not UTF-8
			want := text.Cut(text.Visible(s), 1000)
			for _, l := range families["crosscheck_findings"].Metric[0].Label {
				if l.GetName() == "rule" && l.GetValue() != want {
					t.Errorf("rule %q, want %q", l.GetValue(), want)
				}
			}
		})
	}
}
