package output

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

func TestTableFitsItsWidth(t *testing.T) {
	t.Parallel()
	for width := 60; width <= 220; width++ {
		got := string(render(t, "table", Options{Width: width}, reporttest.Sample(t)))
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
	plain := string(render(t, "table", Options{}, reporttest.Sample(t)))
	colored := string(render(t, "table", Options{Color: true}, reporttest.Sample(t)))
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

// The library measures text as the environment suggests; the same run must give the
// same table everywhere.
func TestTableIgnoresTheLocale(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestGolden$/txt", "-test.v")
	cmd.Env = append(os.Environ(), "UPDATE=", "LC_ALL=ja_JP.UTF-8", "RUNEWIDTH_EASTASIAN=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestGolden/report-120.txt")) {
		t.Errorf("the tables depend on the locale: %v\n%s", err, out)
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
	got := string(render(t, "table", Options{}, reporttest.Summarized(t, report.Gate{}, ms)))
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
Summary: links 0 broken, 0 unknown, 0 working; findings 0 failed, 0 unknown, 0 waived, 0 passed; exit status 0 (clean)
`
	if got := string(render(t, "table", Options{}, ms)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
