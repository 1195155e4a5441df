package ocsf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// checkOCSF holds every event of an array against the OCSF schema.
func checkOCSF(t testing.TB, out []byte) []ocsfEvent {
	t.Helper()
	s := reporttest.Schema(t, "ocsf-1.5.0-compliance-finding.schema.json")
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("no JSON: %v", err)
	}
	list, ok := v.([]any)
	if !ok {
		t.Fatalf("no array: %.80s", out)
	}
	for i, e := range list {
		if err := s.Validate(e); err != nil {
			t.Errorf("event %d does not meet the schema: %v", i, err)
		}
	}
	var events []ocsfEvent
	if err := json.Unmarshal(out, &events); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out, []byte("\n")); len(events) > 0 && n != len(events)+2 {
		t.Errorf("%d lines for %d events", n, len(events))
	}
	seen := map[string]bool{}
	for _, e := range events {
		uid := e.FindingInfo.UID
		if uid == "" || seen[uid] {
			t.Errorf("uid %q is empty or not unique", uid)
		}
		seen[uid] = true
		if e.Resources[0].UID == "" || e.Resources[0].Name == "" {
			t.Errorf("a resource without a name: %+v", e.Resources[0])
		}
		if e.StatusCode != "pass" && e.Compliance.StatusID == 1 {
			t.Errorf("%s is a pass", e.StatusCode)
		}
	}
	return events
}

func TestOCSFMeetsItsSchema(t *testing.T) {
	t.Parallel()
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}}), "many": reporttest.Many(t, 500)} {
		t.Run(name, func(t *testing.T) { checkOCSF(t, render(t, ms)) })
	}
}

// The test above can fail.
func TestOCSFSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := reporttest.Schema(t, "ocsf-1.5.0-compliance-finding.schema.json")
	out := string(render(t, reporttest.Sample(t)))
	for name, change := range map[string][2]string{
		"unknown field":   {`"activity_id":1`, `"activity_id":1,"mood":1`},
		"unknown status":  {`"status_id":2`, `"status_id":7`},
		"no version":      {`"version":"1.5.0",`, ``},
		"wrong type":      {`"severity_id":5`, `"severity_id":"5"`},
		"wrong class":     {`"class_uid":2003`, `"class_uid":2004`},
		"nameless object": {`"uid":"XC002",`, `"uid":2,`},
	} {
		changed := strings.Replace(out, change[0], change[1], 1)
		if changed == out {
			t.Fatalf("%s changes nothing", name)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(changed))
		if err != nil {
			t.Fatal(err)
		}
		bad := 0
		for _, e := range v.([]any) {
			if s.Validate(e) != nil {
				bad++
			}
		}
		if bad != 1 {
			t.Errorf("%s: %d events are refused", name, bad)
		}
	}
}

func TestOCSFStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     finding.Status
		waived     bool
		code       string
		compliance int
		standing   int
		severity   int
	}{
		{finding.Fail, false, "fail", 3, 1, 4},
		{finding.Fail, true, "waived", 3, 3, 4},
		{finding.Unknown, false, "unknown", 2, 1, 4},
		{finding.Pass, false, "pass", 1, 1, 1},
		{"what is this", false, "what is this", 2, 1, 4},
	} {
		f := &finding.Finding{RuleID: "XC001", Status: c.status, Severity: finding.High, AccountID: reporttest.Prod, Region: "cn-north-1", Resource: "arn:aws-cn:s3:::b", Fingerprint: "f",
			Link: "b/r→c", Controls: []string{"SecurityHub/S3.7", "NIST-800-53r5/CP-9", "NIST-800-53r5/AC-6"}, FailureCodes: []string{"DstBucketUnversioned"}}
		if c.waived {
			f.Waiver = &finding.Waiver{Reason: "retired", Owner: "o"}
		}
		run := &report.Run{ID: "r1", FinishedAt: "2026-11-24T06:00:04Z", Tool: report.Tool{Name: "crosscheck", Version: "1.2.3"}}
		events := checkOCSF(t, render(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: run}, {Finding: f}})))
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		e := events[0]
		got := fmt.Sprint(e.StatusCode, e.Compliance.StatusID, e.StatusID, e.SeverityID, e.Compliance.Checks[0].SeverityID)
		if want := fmt.Sprint(c.code, c.compliance, c.standing, c.severity, 4); got != want {
			t.Errorf("%s, waived %v: status, compliance, standing, severity, severity of the rule %s, want %s", c.status, c.waived, got, want)
		}
		if e.Time != 1795500004000 || e.FindingInfo.UID != "f" || e.Cloud.Account.UID != reporttest.Prod || e.Cloud.Partition != "aws-cn" || e.Resources[0].Region != "cn-north-1" ||
			strings.Join(e.Compliance.Standards, " ") != "SecurityHub NIST-800-53r5" || e.Compliance.StatusDetails[0] != "DstBucketUnversioned" || e.Unmapped.Link != "b/r→c" {
			t.Errorf("%+v", e)
		}
	}
	none := &finding.Finding{RuleID: "XC001", Status: finding.NotApplicable}
	if got := checkOCSF(t, render(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}, {Finding: none}}))); len(got) != 0 {
		t.Errorf("what does not apply is in: %+v", got)
	}
}

// What no finding says is not lost on a reader of findings.
func TestObserved(t *testing.T) {
	t.Parallel()
	end := finding.End{AccountID: reporttest.Prod, Region: "eu-central-1", Bucket: "a"}
	ms := reporttest.Summarized(t, report.Gate{}, []report.Message{
		{Run: &report.Run{}},
		{Link: &finding.Link{ID: "a/r→b", Source: end, Verdict: finding.Broken, Why: "versioning is suspended", FailureCodes: []string{"DstBucketUnversioned"}}},
		{Link: &finding.Link{ID: "a/s→b", Source: end, Verdict: finding.UnknownVerdict}},
		{Link: &finding.Link{ID: "a/t→b", Source: end, Verdict: finding.Works}},
		{Link: &finding.Link{ID: "a/u→b", Source: end, Verdict: finding.Broken}},
		{Finding: &finding.Finding{RuleID: "XC001", Link: "a/u→b", Status: finding.Fail, AccountID: reporttest.Prod, Resource: reporttest.ARN("a")}},
		{Measurement: &measure.Measurement{Link: "a/t→b", Variant: "plain", Key: "1", Outcome: measure.Failed, Message: "S3 reported FAILED"}},
		{Measurement: &measure.Measurement{Link: "a/t→b", Variant: "plain", Key: "2", Outcome: measure.Arrived}},
		{Measurement: &measure.Measurement{Link: "a/t→b", Variant: "sse", Key: "3", Outcome: measure.Inconclusive}},
		{Measurement: &measure.Measurement{Link: "gone", Variant: "plain", Key: "4", Outcome: measure.Timeout}},
		{Gap: &fact.Gap{AccountID: reporttest.Data, Resource: "arn:aws:iam::222222222222:role/audit", Fact: "account", API: "sts:AssumeRole", Code: "AccessDenied", Message: "no"}},
	})
	var got []string
	for _, e := range checkOCSF(t, render(t, ms)) {
		account := ""
		if e.Cloud.Account != nil {
			account = e.Cloud.Account.UID
		}
		got = append(got, strings.Join([]string{e.Metadata.EventCode, e.StatusCode, e.Unmapped.Link, account, e.Resources[0].Type, e.Message}, "|"))
	}
	want := []string{
		"XC001|fail|a/u→b|111111111111|AwsS3Bucket|XC001",
		"link|fail|a/r→b|111111111111|AwsS3Bucket|versioning is suspended (DstBucketUnversioned)",
		"link|unknown|a/s→b|111111111111|AwsS3Bucket|the link is unknown",
		"probe|fail|a/t→b|111111111111|AwsS3Bucket|plain probe failed: S3 reported FAILED",
		"probe|pass|a/t→b|111111111111|AwsS3Bucket|plain probe arrived",
		"probe|unknown|a/t→b|111111111111|AwsS3Bucket|sse probe inconclusive",
		"probe|fail|gone||AwsAccount|plain probe timeout",
		"gap|unknown||222222222222|AwsIamRole|sts:AssumeRole: AccessDenied: no",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true}, func(w io.Writer, r *records.Run) error { return Render(w, r, nil) }, ms)
}

func TestHostileText(t *testing.T) {
	reporttest.Sequential(t)
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkOCSF(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
