package table

import (
	"io"
	"strings"
	"testing"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// Of rules that one gap leaves unknown in one place, the most urgent is shown.
func TestTheMostUrgentIsShown(t *testing.T) {
	t.Parallel()
	ms := []report.Message{{Run: &report.Run{}}}
	for id, severity := range map[string]finding.Severity{"XC101": finding.Low, "XC102": finding.Critical, "XC103": finding.Medium} {
		ms = append(ms, report.Message{Finding: &finding.Finding{RuleID: id, Status: finding.Unknown, Severity: severity,
			Resource: reporttest.ARN("a"), Message: "not read"}})
	}
	ms = reporttest.Summarized(t, report.Gate{}, ms)
	out := string(reporttest.Render(t, records.Keep{}, func(w io.Writer, r *records.Run) error { return Render(w, r, Options{}) }, ms))
	if !strings.Contains(out, "XC102") || strings.Contains(out, "XC101") || strings.Contains(out, "XC103") {
		t.Errorf("the row does not show the critical rule:\n%s", out)
	}
}
