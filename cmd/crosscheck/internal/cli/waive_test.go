package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
	"crosscheck/testdata"
)

// TestCanaryWaivers: what a canary finds can be waived, what it does not judge is not
// said to be unused. Its objective comes from the configuration.
func TestCanaryWaivers(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	path := filepath.Join(t.TempDir(), "waivers.yaml")
	err := os.WriteFile(path, []byte(`waivers:
  - {rule: XC903, reason: r, expires: 2999-12-31}
  - {rule: XC047, reason: s, expires: 2999-12-31}
  - {resource: "nothing", reason: t, expires: 2999-12-31}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "run.jsonl")
	canary := []string{"canary", "--yes", "-q", "--link", "orders-ledger/to-backup->backup-ledger", "--link", "orders-invoices/to-backup->backup-invoices",
		"--config", configFile(t, "canary: {count: 2, slo: 1ns, slo_percentile: 50}\nallow_incomplete: true\n"), "--variant", "plain", "--accounts", "111111111111,222222222222,333333333333"}
	unused := []finding.Status{finding.NotApplicable, finding.NotApplicable}
	for _, c := range []struct {
		args   []string
		status int
		waived int
		unused []finding.Status
	}{
		{append(slices.Clone(canary), "-o", "json"), exitFindings, 0, nil},
		{append(slices.Clone(canary), "--waivers", path, "-o", "json", "-o", "jsonl="+run), exitClean, 2, unused},
		{[]string{"report", "--from", run, "--gate", "--allow-incomplete", "-o", "json", "--waivers", path}, exitClean, 2, unused},
	} {
		status, out, errs := p.run(t.Context(), c.args...)
		var r struct{ Findings []finding.Finding }
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v: %v\n%s%s", c.args, err, out, errs)
		}
		waived, found := 0, []finding.Status(nil)
		for _, f := range r.Findings {
			if f.Waiver != nil {
				waived++
			}
			if f.RuleID == finding.WaiverUnused {
				found = append(found, f.Status)
			}
		}
		if status != c.status || waived != c.waived || !slices.Equal(found, c.unused) {
			t.Errorf("%v: exit status %d, %d waived, unused %v\n%s%s", c.args, status, waived, found, out, errs)
		}
	}
}

// TestDrillWaivers: waivers reach what a drill predicts, do not excuse what it
// proves. Whether one of what only a drill finds is unused is then a question, and
// open here, since the account of a partner was not read.
func TestDrillWaivers(t *testing.T) {
	t.Parallel()
	p := served(t, testdata.DemoWorld)
	path := filepath.Join(t.TempDir(), "waivers.yaml")
	err := os.WriteFile(path, []byte(`waivers:
  - {resource: "*", account: "111111111111", reason: r, expires: 2999-12-31}
  - {account: "222222222222", reason: s, expires: 2999-12-31}
  - {rule: XC901, reason: u, expires: 2999-12-31}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	status, out, errs := p.run(t.Context(), "drill", "-o", "json", "--yes", "--waivers", path, "--accounts", "111111111111,222222222222,333333333333", "--variant", "plain", "--timeout", "20s")
	if status != exitFindings {
		t.Errorf("exit %d\n%s", status, errs)
	}
	var r struct {
		Measurements []measure.Measurement
		Findings     []finding.Finding
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !slices.ContainsFunc(r.Measurements, func(m measure.Measurement) bool { return m.Fault() }) {
		t.Errorf("no probe failed: %+v", r.Measurements)
	}
	waived := 0
	var unused []finding.Status
	for _, f := range r.Findings {
		if f.RuleID == finding.WaiverUnused {
			unused = append(unused, f.Status)
			continue
		}
		want := f.Status == finding.Fail && (f.AccountID == "111111111111" || f.AccountID == "222222222222")
		if (f.Waiver != nil) != want {
			t.Errorf("%s of %s %s: %s, waiver %v", f.RuleID, f.AccountID, f.Resource, f.Status, f.Waiver)
		}
		if f.Waiver != nil {
			waived++
		}
	}
	if waived == 0 || !slices.Equal(unused, []finding.Status{finding.Unknown}) {
		t.Errorf("%d waived, unused %v", waived, unused)
	}
	p.noJournal(t)
}

// TestWaiversPage reads the waivers file that the documentation shows.
func TestWaiversPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(repo, "docs", "waivers.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 1 {
		t.Fatalf("%d YAML files on the page", len(blocks))
	}
	w, err := waiver.Parse("docs/waivers.md", blocks[0][1], time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []finding.Finding{
		{RuleID: "XC047", Status: finding.Fail, AccountID: "111111111111", Resource: "arn:aws:s3:::logs-2026"},
		{RuleID: "XC012", Status: finding.Fail, AccountID: "222222222222", Resource: "arn:aws:s3:::orders-raw", Link: "orders-raw/to-backup→backup-raw"},
	} {
		if w.Apply(&f) == nil {
			t.Errorf("%s is not waived", f.RuleID)
		}
	}
}
