package canary

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

func metricsTarget(source, destination string) *Target {
	return &Target{
		Link:   fact.LinkID(source, "r", destination),
		Source: End{Bucket: fact.Bucket{Name: source}}, Destination: End{Bucket: fact.Bucket{Name: destination}},
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics(`1.0 "x"`)
	good, bad := metricsTarget("a", "b"), metricsTarget("c\"\\\nd", "e")
	m.Know(good)
	m.Know(bad)
	for _, ms := range []int64{50, 51, 900_000, 5_000_000} {
		m.Add(good, &measure.Measurement{Outcome: measure.Arrived, LatencyMS: ms})
	}
	m.Add(good, &measure.Measurement{Outcome: measure.Absent})
	m.Add(bad, &measure.Measurement{Outcome: measure.Failed, FailureCodes: []string{"DstPutObjectNotPermitted"}, Leftovers: []measure.Leftover{{}}})
	m.Add(bad, &measure.Measurement{Outcome: measure.Timeout})
	m.Add(bad, &measure.Measurement{Outcome: measure.Inconclusive})
	m.Add(bad, &measure.Measurement{Outcome: measure.Differs, LatencyMS: 1000})
	m.Round()
	var b strings.Builder
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d of %d bytes, %v", n, b.Len(), err)
	}
	text := b.String()
	const ab = `{link="a/r→b",source_bucket="a",destination_bucket="b"`
	const cd = `{link="c\"\\\nd/r→e",source_bucket="c\"\\\nd",destination_bucket="e"`
	for _, want := range []string{
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="0.05"} 1`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="0.1"} 2`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="900"} 3`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="+Inf"} 4`,
		"crosscheck_replication_latency_seconds_sum" + ab + "} 5900.101",
		"crosscheck_replication_latency_seconds_count" + ab + "} 4",
		"crosscheck_probes_total" + ab + `,outcome="absent"} 1`,
		"crosscheck_replication_failures_total" + cd + `,code="DIFFERS"} 1`,
		"crosscheck_replication_failures_total" + cd + `,code="DstPutObjectNotPermitted"} 1`,
		"crosscheck_replication_failures_total" + cd + `,code="TIMEOUT"} 1`,
		"crosscheck_replication_last_success_timestamp_seconds" + cd + "} 0",
		"crosscheck_left_behind_total 1",
		"crosscheck_rounds_total 1",
		`crosscheck_build_info{version="1.0 \"x\""} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	// Every line is one of the format, every sample's family is declared before it, and no series comes twice.
	comment := regexp.MustCompile(`^# (HELP \S+ .+|TYPE \S+ (counter|gauge|histogram))$`)
	sample := regexp.MustCompile(`^([a-z_]+)(\{([a-z_]+="([^"\\\n]|\\\\|\\"|\\n)*",?)*\})? -?[0-9.]+$`)
	declared, seen := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			if !comment.MatchString(line) {
				t.Errorf("comment %q", line)
			}
			declared[strings.Fields(line)[2]] = true
			continue
		}
		s := sample.FindStringSubmatch(line)
		if s == nil {
			t.Errorf("sample %q", line)
			continue
		}
		family := s[1]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if f := strings.TrimSuffix(family, suffix); declared[f] {
				family = f
			}
		}
		series := line[:strings.LastIndexByte(line, ' ')]
		if !declared[family] || seen[series] {
			t.Errorf("%q: declared %v, seen before %v", line, declared[family], seen[series])
		}
		seen[series] = true
	}
}

// TestPrometheusFiles holds the alert rules and the dashboard of docs/prometheus
// against the metrics that there are.
func TestPrometheusFiles(t *testing.T) {
	m := NewMetrics("1")
	target := metricsTarget("a", "b")
	m.Add(target, &measure.Measurement{Outcome: measure.Failed})
	var b strings.Builder
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, line := range strings.Split(b.String(), "\n") {
		if name := regexp.MustCompile(`^crosscheck_[a-z_]+`).FindString(line); name != "" {
			known[name] = true
		}
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "docs", "prometheus", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read("crosscheck.rules.yml"), &rules); err != nil || len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 5 {
		t.Fatalf("%v, %+v", err, rules)
	}
	exprs := map[string]string{}
	for _, r := range rules.Groups[0].Rules {
		exprs[r.Alert] = r.Expr
		if r.Annotations["summary"] == "" {
			t.Errorf("%s has no summary", r.Alert)
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read("crosscheck-dashboard.json"), &dashboard); err != nil || len(dashboard.Panels) < 5 {
		t.Fatalf("%v, %+v", err, dashboard)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			exprs[p.Title] += " " + target.Expr
		}
	}
	for name, expr := range exprs {
		used := regexp.MustCompile(`crosscheck_[a-z_]+`).FindAllString(expr, -1)
		if len(used) == 0 {
			t.Errorf("%s uses no metric: %s", name, expr)
		}
		for _, metric := range used {
			if !known[metric] {
				t.Errorf("%s uses %s, which is not served", name, metric)
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") {
			t.Errorf("%s: parentheses of %s", name, expr)
		}
	}
}
