package sarif

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"path"
	"strings"
	"testing"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// sarifLog is the part of a SARIF file that code scanning reads.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID         string
					HelpURI    string
					Help       struct{ Text, Markdown string }
					Properties struct {
						Tags             []string
						SecuritySeverity string `json:"security-severity"`
					}
				}
			}
		}
		Invocations []struct {
			ToolExecutionNotifications []struct{ Message struct{ Text string } }
		}
		Results []sarifFinding
	}
}

type sarifFinding struct {
	RuleID                     string
	RuleIndex                  int
	Level, Kind, BaselineState string
	Message                    struct{ Text string }
	Locations                  []struct {
		PhysicalLocation struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine int }
		}
		LogicalLocations []struct{ Name, FullyQualifiedName string }
	}
	PartialFingerprints map[string]string
	Suppressions        []struct{ Kind, Status, Justification string }
}

func parseSARIF(t testing.TB, b []byte) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	return log
}

func TestSARIFMeetsTheOASISSchema(t *testing.T) {
	t.Parallel()
	s := reporttest.Schema(t, "sarif-schema-2.1.0.json")
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}}), "many": reporttest.Many(t, 500)} {
		t.Run(name, func(t *testing.T) { reporttest.Conforms(t, s, render(t, ms)) })
	}
}

// What code scanning refuses a file for, or shows wrongly.
func TestSARIFFitsCodeScanning(t *testing.T) {
	t.Parallel()
	log := parseSARIF(t, render(t, append(reporttest.Many(t, 300)[:301], reporttest.Sample(t)[1:]...)))
	run := log.Runs[0]
	driver := run.Tool.Driver
	if len(run.Results) == 0 {
		t.Fatal("no results")
	}
	hashes := map[string]bool{}
	for _, r := range run.Results {
		if len(r.Locations) != 1 {
			t.Fatalf("%d locations", len(r.Locations))
		}
		loc := r.Locations[0]
		uri := loc.PhysicalLocation.ArtifactLocation.URI
		if u, err := url.Parse(uri); err != nil || uri == "" || u.IsAbs() || path.IsAbs(uri) || strings.Contains(uri, "..") {
			t.Errorf("address %q: %v", uri, err)
		}
		if loc.PhysicalLocation.Region.StartLine != 1 || len(loc.LogicalLocations) != 1 {
			t.Errorf("location %+v", loc)
		}
		if driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule index %d is not %s", r.RuleIndex, r.RuleID)
		}
		h := r.PartialFingerprints["primaryLocationLineHash"]
		if h == "" || hashes[h] {
			t.Errorf("fingerprint %q is empty or not unique", h)
		}
		hashes[h] = true
		if r.Message.Text == "" || r.Level == "" || r.Level == "none" {
			t.Errorf("a result that is not shown: %+v", r)
		}
	}
	for _, r := range driver.Rules {
		if len(r.Properties.Tags) > sarifTags || r.Properties.Tags[0] != "security" {
			t.Errorf("%s has the tags %v", r.ID, r.Properties.Tags)
		}
		if u, err := url.Parse(r.HelpURI); err != nil || !u.IsAbs() {
			t.Errorf("%s: help at %q", r.ID, r.HelpURI)
		}
		if r.Help.Text == "" || r.Help.Markdown == "" {
			t.Errorf("%s has no help", r.ID)
		}
	}
}

func TestSARIFLevels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		severity        finding.Severity
		level, security string
	}{
		{finding.Critical, "error", "9.5"}, {finding.High, "error", "8.0"}, {finding.Medium, "warning", "5.5"}, {finding.Low, "note", "2.0"}, {finding.Info, "note", ""},
	} {
		f := &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: c.severity, Message: "m"}
		unknown := &finding.Finding{RuleID: "XC001", Status: finding.Unknown, Severity: c.severity, Message: "m", Fingerprint: "u"}
		run := parseSARIF(t, render(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: f}, {Finding: unknown}}))).Runs[0]
		if got := run.Results[0].Level; got != c.level {
			t.Errorf("%s has level %s", c.severity, got)
		}
		if got := run.Tool.Driver.Rules[0].Properties.SecuritySeverity; got != c.security {
			t.Errorf("%s has security-severity %q", c.severity, got)
		}
		if got := run.Results[1]; got.Level != "warning" || got.Message.Text != "unknown: m" {
			t.Errorf("an unknown %s finding is %s: %s", c.severity, got.Level, got.Message.Text)
		}
	}
}

// The fingerprint is of the place and the rule, so that rewording a message
// opens no new alert; a second fault at the same place has its own.
func TestSARIFFingerprints(t *testing.T) {
	t.Parallel()
	base := finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Resource: reporttest.ARN("b"), Link: "b/r→c", Message: "m", Fingerprint: "f1"}
	hash := func(fs ...finding.Finding) []string {
		ms := []report.Message{{Run: &report.Run{}}}
		for _, f := range fs {
			ms = append(ms, report.Message{Finding: &f})
		}
		var out []string
		for _, r := range parseSARIF(t, render(t, reporttest.Summarized(t, report.Gate{}, ms))).Runs[0].Results {
			out = append(out, r.PartialFingerprints["primaryLocationLineHash"])
		}
		return out
	}
	with := func(change func(*finding.Finding)) finding.Finding {
		f := base
		change(&f)
		return f
	}
	want := hash(base)[0]
	for name, f := range map[string]finding.Finding{
		"message":  with(func(f *finding.Finding) { f.Message = "other words" }),
		"severity": with(func(f *finding.Finding) { f.Severity = finding.Low }),
		"region":   with(func(f *finding.Finding) { f.Region = "us-east-1" }),
		"waiver":   with(func(f *finding.Finding) { f.Waiver = &finding.Waiver{} }),
		"unknown":  with(func(f *finding.Finding) { f.Status = finding.Unknown }),
	} {
		if got := hash(f)[0]; got != want {
			t.Errorf("another %s changes the fingerprint", name)
		}
	}
	for name, f := range map[string]finding.Finding{
		"account": with(func(f *finding.Finding) { f.AccountID = reporttest.Data }),
		"bucket":  with(func(f *finding.Finding) { f.Resource = reporttest.ARN("c") }),
		"link":    with(func(f *finding.Finding) { f.Link = "b/s→c" }),
		"rule":    with(func(f *finding.Finding) { f.RuleID = "XC002" }),
	} {
		if got := hash(f)[0]; got == want {
			t.Errorf("another %s keeps the fingerprint", name)
		}
	}
	second := with(func(f *finding.Finding) { f.Fingerprint, f.Message = "f2", "second fault" })
	two := hash(base, second)
	if two[0] != want || two[1] == want || !strings.HasPrefix(two[1], strings.TrimSuffix(want, "1")) {
		t.Errorf("two faults in one place: %v, alone %s", two, want)
	}
}

func TestSARIFIsCutAtTheLimitOfResults(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	ms := reporttest.Many(t, 51_000)
	failing := map[string]int{}
	total := 0
	for _, m := range ms {
		if f := m.Finding; f != nil && (f.Status == finding.Fail || f.Status == finding.Unknown) {
			total++
			if f.Status == finding.Fail {
				failing[string(f.Severity)]++
			}
		}
	}
	run := parseSARIF(t, render(t, ms)).Runs[0]
	if len(run.Results) != sarifResults {
		t.Errorf("%d results", len(run.Results))
	}
	var notes []string
	for _, n := range run.Invocations[0].ToolExecutionNotifications {
		notes = append(notes, n.Message.Text)
	}
	want := []string{
		fmt.Sprintf("%d more findings are left out", total-sarifResults),
		fmt.Sprintf("code scanning keeps the %d most severe of these %d results", sarifKept, sarifResults),
	}
	for i := range want {
		if i >= len(notes) || !strings.HasPrefix(notes[i], want[i]) {
			t.Errorf("notifications %q, want %q", notes, want[i])
		}
	}
	kept := 0
	for _, r := range run.Results {
		if r.Level == "error" {
			kept++
		}
	}
	if want := failing["critical"] + failing["high"]; kept != want {
		t.Errorf("%d of %d critical and high findings kept", kept, want)
	}
}

func TestSARIFIsCutAtTheSizeOfAnUpload(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	noise := func() string {
		b := make([]byte, 900)
		for i := range b {
			b[i] = byte('!' + r.IntN(90))
		}
		return string(b)
	}
	ms := []report.Message{{Run: &report.Run{}}}
	const n = 9000
	for i := range n {
		ms = append(ms, report.Message{Finding: &finding.Finding{RuleID: "XC001", Status: finding.Fail, Severity: finding.High, Message: noise(), Remediation: noise(), Fingerprint: fmt.Sprint(i)}})
	}
	out := render(t, reporttest.Summarized(t, report.Gate{}, ms))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(out); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if zipped.Len() > 10_000_000 {
		t.Errorf("%d bytes compressed", zipped.Len())
	}
	run := parseSARIF(t, out).Runs[0]
	if len(run.Results) < sarifKept || len(run.Results) == n {
		t.Errorf("%d results", len(run.Results))
	}
	if want := fmt.Sprintf("%d more findings are left out", n-len(run.Results)); !strings.HasPrefix(run.Invocations[0].ToolExecutionNotifications[0].Message.Text, want) {
		t.Errorf("no notification %q", want)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ account, region, bucket, want string }{
		{reporttest.Prod, "eu-central-1", "app-logs", "aws/111111111111/eu-central-1/app-logs.json"},
		{"", "", "", "aws/unknown/unknown/unknown.json"},
		{"..", ".", "a/b c", "aws/%2E%2E/%2E/a%2Fb%20c.json"},
		{reporttest.Prod, "eu", "x?y#z%00:", "aws/111111111111/eu/x%3Fy%23z%2500:.json"},
		{reporttest.Prod, "eu", "a\xff", "aws/111111111111/eu/a%EF%BF%BD.json"},
	} {
		if got := address(c.account, c.region, c.bucket); got != c.want {
			t.Errorf("address(%q, %q, %q) = %s, want %s", c.account, c.region, c.bucket, got, c.want)
		}
	}
	if got := address(reporttest.Prod, "eu", strings.Repeat("x", 10_000)); len(got) > 200 {
		t.Errorf("address of %d bytes", len(got))
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{}, func(w io.Writer, r *records.Run) error { return Render(w, r, nil) }, ms)
}

func TestHostileText(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkSARIF(t, render(t, reporttest.HostileRun(t, s))) })
	}
}

func checkSARIF(t *testing.T, out []byte) {
	t.Helper()
	reporttest.Conforms(t, reporttest.Schema(t, "sarif-schema-2.1.0.json"), out)
	for _, r := range parseSARIF(t, out).Runs[0].Results {
		if strings.Contains(r.Message.Text, "](") {
			t.Errorf("a link in a message: %.100s", r.Message.Text)
		}
	}
}
