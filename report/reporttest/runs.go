package reporttest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// WholeRun is a run with these messages that read all there was.
func WholeRun(ms ...report.Message) []report.Message {
	run := []report.Message{{Run: &report.Run{ID: "r", StartedAt: "2026-01-01T00:00:00Z", Scope: fact.Scope{Mode: "organization"}}}}
	run = append(run, ms...)
	return append(run, report.Message{Coverage: &fact.Coverage{}})
}

// RecordedRun is a whole run with these messages, with its summary.
func RecordedRun(t TB, ms ...report.Message) []report.Message {
	return Summarized(t, report.Gate{}, WholeRun(ms...))
}

// Seal gives an altered run file the digest that fits its lines.
func Seal(file string) string {
	sum, out := sha256.New(), ""
	digest := regexp.MustCompile(`,"digest":"[^"]*"\}$`)
	for line := range strings.Lines(strings.TrimSuffix(file, "\n") + "\n") {
		line = digest.ReplaceAllString(strings.TrimSuffix(line, "\n"), "}")
		sum.Write([]byte(line + "\n"))
		if strings.HasPrefix(line, `{"judged":`) || strings.HasPrefix(line, `{"summary":`) {
			line = fmt.Sprintf("%s,\"digest\":\"sha256:%x\"}", strings.TrimSuffix(line, "}"), sum.Sum(nil))
		}
		out += line + "\n"
	}
	return out
}

// RunFile is the run file of the messages.
func RunFile(t TB, ms []report.Message) []byte {
	t.Helper()
	var file bytes.Buffer
	w := report.NewRunFile(&file)
	if err := cmp.Or(Send(w, ms...), w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// BaselineOf is the baseline that a run file of the messages gives.
func BaselineOf(t TB, ms []report.Message) *compare.Baseline {
	t.Helper()
	b := compare.NewBaseline()
	if err := cmp.Or(report.Replay(bytes.NewReader(RunFile(t, ms)), b), b.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

// Compared is the sample compared with a baseline in which a finding and its link did not
// fail yet, and others did that do not now.
func Compared(t testing.TB) []report.Message {
	var before []report.Message
	for _, m := range Sample(t) {
		switch {
		case m.Link != nil && m.Link.ID == "billing-exports/to-backup→backup-billing-exports",
			m.Finding != nil && m.Finding.RuleID == "XC008", m.Measurement != nil:
			continue
		case m.Finding != nil && (m.Finding.RuleID == "XC001" || m.Finding.Status == finding.Unknown):
			f := *m.Finding
			f.Status = finding.Fail
			m.Finding = &f
		case m.Run != nil:
			r := *m.Run
			r.ID, r.StartedAt = "20261117T060000Z-19bc", "2026-11-17T06:00:00Z"
			m.Run = &r
		}
		before = append(before, m)
	}
	return Summarized(t, report.Gate{}, Sample(t), BaselineOf(t, before))
}

// LinkOf is a link from a bucket of account 1 with this id.
func LinkOf(id string, v finding.Verdict) report.Message {
	bucket, _, _ := strings.Cut(id, "/")
	return report.Message{Link: &finding.Link{ID: id, Verdict: v, Source: finding.End{AccountID: "1", Bucket: bucket}}}
}

// FindingOf is a finding of a rule on the link a/r→b in account 1.
func FindingOf(rule, print string, status finding.Status, severity finding.Severity) report.Message {
	return report.Message{Finding: &finding.Finding{
		RuleID: rule, Status: status, Severity: severity, AccountID: "1", Resource: "arn:aws:s3:::a", Link: "a/r→b", Fingerprint: print,
	}}
}

// WaivedOf puts the finding of a message under a waiver.
func WaivedOf(m report.Message) report.Message {
	m.Finding.Waiver = &finding.Waiver{Reason: "r", Expires: "2999-12-31"}
	return m
}

// GapOf is a fact of an account and a resource that was not read.
func GapOf(account, resource string) report.Message {
	return report.Message{Gap: &fact.Gap{AccountID: account, Resource: resource}}
}
