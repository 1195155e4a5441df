package watch

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/canary"
	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// target is a link with nothing but its names.
func target(source, destination string) *canary.Target {
	return &canary.Target{
		Link:        fact.LinkID(source, "r", destination),
		Source:      bucket.Bucket{Bucket: fact.Bucket{Name: source}},
		Destination: bucket.Bucket{Bucket: fact.Bucket{Name: destination}},
	}
}

// scrape is what a scraper gets that asks for a format.
func scrape(t *testing.T, m *Metrics, accept string) (contentType, text string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Header().Get("Content-Type"), w.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := NewMetrics(`1.0 "x"`)
	good, bad := target("a", "b"), target("c\"\\\nd\xff", "e")
	m.Expect(good)
	m.Expect(bad)
	for _, ms := range []int64{50, 51, 900_000, 5_000_000} {
		m.Observe(good, &measure.Measurement{Outcome: measure.Arrived, LatencyMS: ms})
	}
	m.Observe(good, &measure.Measurement{Outcome: measure.Absent})
	m.Observe(bad, &measure.Measurement{
		Outcome: measure.Failed, FailureCodes: []string{"DstPutObjectNotPermitted", "Other"}, Leftovers: []measure.Leftover{{}, {}},
	})
	m.Observe(bad, &measure.Measurement{Outcome: measure.Timeout})
	m.Observe(bad, &measure.Measurement{Outcome: measure.Inconclusive})
	m.Observe(bad, &measure.Measurement{Outcome: measure.Differs, LatencyMS: 1000})
	contentType, text := scrape(t, m, "text/plain")
	if !strings.HasPrefix(contentType, "text/plain; version=0.0.4; charset=utf-8") {
		t.Errorf("content type %q", contentType)
	}
	const (
		ab = `{destination_bucket="b",link="a/r→b",source_bucket="a"`
		// of a second link, around the label that comes before and after link
		c1, c2 = `{`, `destination_bucket="e",link="c\"\\\nd�/r→e"`
		c3     = `,source_bucket="c\"\\\nd�"`
	)
	for _, want := range []string{
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="0.05"} 1`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="0.1"} 2`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="900"} 3`,
		"crosscheck_replication_latency_seconds_bucket" + ab + `,le="+Inf"} 4`,
		"crosscheck_replication_latency_seconds_sum" + ab + "} 5900.101",
		"crosscheck_replication_latency_seconds_count" + ab + "} 4",
		"crosscheck_replication_latency_seconds_count" + c1 + c2 + c3 + "} 1",
		`crosscheck_probes_total{destination_bucket="b",link="a/r→b",outcome="absent",source_bucket="a"} 1`,
		`crosscheck_probes_total{destination_bucket="b",link="a/r→b",outcome="unexpected",source_bucket="a"} 0`,
		"crosscheck_replication_failures_total" + c1 + `code="DIFFERS",` + c2 + c3 + "} 1",
		"crosscheck_replication_failures_total" + c1 + `code="DstPutObjectNotPermitted",` + c2 + c3 + "} 1",
		"crosscheck_replication_failures_total" + c1 + `code="Other",` + c2 + c3 + "} 1",
		"crosscheck_replication_failures_total" + c1 + `code="TIMEOUT",` + c2 + c3 + "} 1",
		"crosscheck_replication_last_success_timestamp_seconds" + c1 + c2 + c3 + "} 0",
		"crosscheck_left_behind_total 2",
		"crosscheck_rounds_total 0",
		"crosscheck_last_round_timestamp_seconds 0",
		`crosscheck_build_info{version="1.0 \"x\""} 1`,
		"# TYPE crosscheck_replication_latency_seconds histogram",
		"# TYPE process_resident_memory_bytes gauge",
		"# TYPE go_goroutines gauge",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "crosscheck_replication_failures_total{"); n != 4 {
		t.Errorf("%d series of failures in\n%s", n, text)
	}
	if contentType, text := scrape(t, m, "application/openmetrics-text; version=1.0.0"); !strings.HasPrefix(contentType, "application/openmetrics-text") ||
		!strings.HasSuffix(text, "# EOF\n") {
		t.Errorf("OpenMetrics: content type %q", contentType)
	}
}

// TestWhen gives times in seconds, to the millisecond.
func TestWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // where it is midnight UTC, 2000-01-01
		m := NewMetrics("1")
		link := target("a", "b")
		time.Sleep(1500 * time.Millisecond)
		m.Observe(link, &measure.Measurement{Outcome: measure.Timeout})
		m.Observe(link, &measure.Measurement{Outcome: measure.Arrived})
		time.Sleep(time.Second)
		m.Observe(link, &measure.Measurement{Outcome: measure.Failed})
		m.EndRound()
		_, text := scrape(t, m, "text/plain")
		for name, want := range map[string]string{
			"crosscheck_replication_last_success_timestamp_seconds": "9.466848015e+08",
			"crosscheck_last_round_timestamp_seconds":               "9.466848025e+08",
			"crosscheck_rounds_total":                               "1",
		} {
			if got := regexp.MustCompile(`(?m)^` + name + `(?:{.*})? (.*)$`).FindStringSubmatch(text); len(got) != 2 || got[1] != want {
				t.Errorf("%s: %v, want %s", name, got, want)
			}
		}
	})
}

// TestPrometheusFiles compares the alert rules and the dashboard of docs/prometheus
// with the metrics that there are.
func TestPrometheusFiles(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1")
	m.Observe(target("a", "b"), &measure.Measurement{Outcome: measure.Failed})
	_, text := scrape(t, m, "text/plain")
	known := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^crosscheck_[a-z_]+`).FindAllString(text, -1) {
		known[name] = true
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("..", "..", "docs", "prometheus", name))
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
