package markdown

import (
	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// A comment on a pull request holds 65,536 characters, whatever the run found.
func TestMarkdownFitsAComment(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	bad := strings.Repeat("@#&|", 3000)
	for name, text := range map[string]string{"plain": "the policy does not let the role write", "hostile": bad} {
		ms := []report.Message{{Run: &report.Run{ID: text, Tool: report.Tool{Name: text, Version: text}}}}
		for i := range 2000 {
			ms = append(ms,
				report.Message{Link: &finding.Link{ID: fmt.Sprint(i), Source: finding.End{AccountID: text, Bucket: text}, RuleID: text, Verdict: finding.Broken, Why: text}},
				report.Message{Finding: &finding.Finding{RuleID: fmt.Sprint(text, i), Status: finding.Fail, Severity: finding.High, Message: text, Remediation: text, Resource: text}},
				report.Message{Measurement: &measure.Measurement{Link: text, Variant: text, Outcome: measure.Failed, Message: text}},
				report.Message{Gap: &fact.Gap{AccountID: fmt.Sprint(i), API: text, Code: text, Resource: text, Message: text}})
		}
		out := string(render(t, reporttest.Summarized(t, report.Gate{}, ms)))
		if n := utf8.RuneCountInString(out); n > 65_536 {
			t.Errorf("%s: %d characters", name, n)
		}
		counts := regexp.MustCompile(`… and (\d+) more \(use -o json\)`).FindAllString(out, -1)
		if len(counts) != 4 {
			t.Errorf("%s: cut with the counts %q", name, counts)
		}
		checkMarkdown(t, []byte(out))
	}
}

// checkMarkdown looks for text that would be more than text: rows of a table
// keep their number of cells, and there is no HTML, link, mention or reference.
func checkMarkdown(t *testing.T, out []byte) {
	t.Helper()
	columns := 0
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSuffix(l, "\n")
		// Take away what the format itself writes and what is escaped.
		bare := regexp.MustCompile(`\\[\\`+"`"+`*_\[\]|~]|&(lt|gt|amp|#8203);|</?sub>`).ReplaceAllString(l, "")
		if strings.ContainsAny(bare, "<>`*_[]~&") && !strings.HasPrefix(l, "- **") {
			t.Errorf("markup in a line: %.200q", l)
		}
		live := strings.NewReplacer("@&#8203;", "", "#&#8203;", "", "&#8203;", "").Replace(l)
		if regexp.MustCompile(`@|#[0-9]`).MatchString(live) {
			t.Errorf("a mention or reference: %.200q", l)
		}
		switch {
		case !strings.HasPrefix(l, "|"):
			columns = 0
		case columns == 0:
			columns = strings.Count(bare, "|")
		case strings.Count(bare, "|") != columns:
			t.Errorf("a row with %d borders in a table with %d: %.200q", strings.Count(bare, "|"), columns, l)
		}
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{}, func(w io.Writer, r *records.Run) error { return Render(w, r) }, ms)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkMarkdown(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
