package output

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

func TestBaselineGolden(t *testing.T) {
	t.Parallel()
	ms := reporttest.Wordless(reporttest.Compared(t)) // the sentences are in the goldens of the sample
	for file, format := range map[string]string{"baseline-120.txt": "table", "baseline.md": "markdown", "baseline.json": "json", "baseline.csv": "csv", "baseline.xml": "junit"} {
		t.Run(file, func(t *testing.T) { reporttest.Golden(t, file, render(t, format, Options{}, ms)) })
	}
	reporttest.Conforms(t, reporttest.Schema(t, "report.schema.json"), render(t, "json", Options{}, ms))
	states := map[string]int{}
	for _, state := range regexp.MustCompile(`"baselineState":"(\w+)"`).FindAllSubmatch(render(t, "sarif", Options{}, ms), -1) {
		states[string(state[1])]++
	}
	// XC008 and the failed probe are new, and what is unknown is shown to those who ask for what is new.
	if d := diff.Diff(map[string]int{"new": 3, "unchanged": 4}, states); d != "" {
		t.Error(d)
	}
	for format, want := range map[string][]string{
		"prometheus": {`crosscheck_baseline_findings{change="new"} 1`, `crosscheck_baseline_findings{change="unknown"} 1`},
		// What is fixed passes under its old name; what is unknown is there already.
		"ocsf":  {`"baseline":"new"`, `"baseline":"existing"`},
		"asff":  {`"crosscheck/Baseline":"new"`, `"crosscheck/Baseline":"existing"`},
		"sarif": {"baseline: 1 new, 2 existing, 1 fixed, 1 not known now; 1 link newly failing; 1 probe newly failed"},
	} {
		out := string(render(t, format, Options{}, ms))
		for _, s := range want {
			if !strings.Contains(out, s) {
				t.Errorf("%s does not say %q", format, s)
			}
		}
	}
}

// What is fixed or not known is in the formats that know findings only, under its
// name.
func TestPastAsFindings(t *testing.T) {
	t.Parallel()
	past := reporttest.FindingOf("XC012", "p", finding.Fail, finding.High)
	z := reporttest.FindingOf("XC012", "z", finding.Pass, finding.High)
	z.Finding.Resource, z.Finding.Link = "arn:aws:s3:::z", "z/r→b"
	for want, ms := range map[string][]report.Message{"fixed": reporttest.WholeRun(z), "unknown": reporttest.WholeRun(z, reporttest.GapOf("1", "arn:aws:s3:::a"))} {
		ms = reporttest.Summarized(t, report.Gate{}, ms, reporttest.BaselineOf(t, reporttest.RecordedRun(t, past)))
		for format, status := range map[string]map[string]string{
			"ocsf": {"fixed": `"uid":"p"`, "unknown": `"uid":"p"`},
			"asff": {"fixed": `"Workflow":{"Status":"RESOLVED"}`, "unknown": `"Compliance":{"Status":"WARNING"}`},
		} {
			if out := string(render(t, format, Options{}, ms)); strings.Count(out, `/p"`)+strings.Count(out, `"uid":"p"`) != 1 || !strings.Contains(out, status[want]) {
				t.Errorf("%s, %s: %s", format, want, out)
			}
		}
	}
}

// Without a baseline nothing of one is shown.
func TestNoBaseline(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "markdown", "prometheus", "sarif", "junit", "ocsf", "asff"} {
		if out := render(t, format, Options{}, reporttest.Sample(t)); bytes.Contains(bytes.ToLower(out), []byte("baseline")) {
			t.Errorf("%s speaks of a baseline", format)
		}
	}
}

// The run file has what a comparison marked: reports of it are the same.
func TestReplayOfAComparedRun(t *testing.T) {
	t.Parallel()
	ms := reporttest.Compared(t)
	again := reporttest.NewRecorder()
	w := report.Summarize(again, report.Gate{})
	if err := cmp.Or(report.Replay(bytes.NewReader(reporttest.RunFile(t, ms)), w), w.Close()); err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats() {
		want, got := string(render(t, format, Options{}, ms)), string(render(t, format, Options{}, again.Messages))
		if d := diff.Diff(want, got); d != "" {
			t.Errorf("%s differs:\n%s", format, d)
		}
	}
}

// Of two rows that say the same, the new one is seen.
func TestNewFindingsComeFirst(t *testing.T) {
	t.Parallel()
	var before, after []report.Message
	for i := range 300 {
		m := reporttest.FindingOf(fmt.Sprintf("XC%03d", i), fmt.Sprint(i), finding.Fail, finding.Critical)
		after = append(after, m)
		if i != 150 {
			before = append(before, m)
		}
	}
	small := reporttest.FindingOf("XC046", "low", finding.Fail, finding.Low)
	old := reporttest.FindingOf("XC046", "old", finding.Fail, finding.Low)
	ms := reporttest.Summarized(t, report.Gate{}, reporttest.WholeRun(append(after, old, small)...), reporttest.BaselineOf(t, reporttest.RecordedRun(t, append(before, old)...)))
	for _, format := range []string{"table", "markdown"} {
		out := string(render(t, format, Options{Rows: 5}, ms))
		if strings.Count(out, "fail new") != 2 {
			t.Errorf("%s does not show the two new findings:\n%.3000s", format, out)
		}
	}
}
