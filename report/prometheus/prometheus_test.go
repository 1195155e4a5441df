package prometheus

import (
	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"io"
	"regexp"
	"strings"
	"testing"
)

// checkPrometheus holds a file against the text format: every line well formed,
// every sample after the type of its metric, no series twice.
func checkPrometheus(t *testing.T, out []byte) {
	t.Helper()
	seen := map[string]bool{}
	current := ""
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "#") {
			if !promComment.MatchString(l) {
				t.Errorf("comment %.200q", l)
			}
			if f := strings.Fields(l); f[1] == "TYPE" {
				if current = f[2]; seen[current] {
					t.Errorf("%s twice", current)
				}
				seen[current] = true
			}
			continue
		}
		m := promSample.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("sample %.200q", l)
		}
		if m[1] != current {
			t.Errorf("%s stands under %s", m[1], current)
		}
		if series := m[1] + m[2]; seen[series+"{}"] {
			t.Errorf("series twice: %.200s", series)
		} else {
			seen[series+"{}"] = true
		}
	}
}

func TestPrometheus(t *testing.T) {
	checkPrometheus(t, render(t, reporttest.Sample(t)))
	// The same probe twice is one series.
	ms := []report.Message{{Run: &report.Run{FinishedAt: "not a time"}}}
	for i := range 3 {
		ms = append(ms, report.Message{Measurement: &measure.Measurement{Link: "a/r→b", Variant: "plain", Outcome: measure.Arrived, LatencyMS: int64(100 * (i + 1))}})
	}
	out := string(render(t, reporttest.Summarized(t, report.Gate{}, ms)))
	checkPrometheus(t, []byte(out))
	for _, want := range []string{
		`crosscheck_canary_probes{link="a/r→b",variant="plain",outcome="arrived"} 3`,
		`crosscheck_canary_latency_seconds{link="a/r→b",variant="plain"} 0.3`,
		`crosscheck_exit_status 3`,
	} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("missing %s in\n%s", want, out)
		}
	}
	if strings.Contains(out, "timestamp") {
		t.Error("a time that is none")
	}
}

var (
	promComment = regexp.MustCompile(`^# (HELP [a-z_]+ [^\\]+|TYPE [a-z_]+ gauge|\d+ failing findings .*)$`)
	promSample  = regexp.MustCompile(`^([a-z_]+)(\{[a-z_]+="(?:[^"\\]|\\\\|\\")*"(?:,[a-z_]+="(?:[^"\\]|\\\\|\\")*")*\})? -?[0-9.]+$`)
)

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true}, func(w io.Writer, r *records.Run) error { return Render(w, r) }, ms)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkPrometheus(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
