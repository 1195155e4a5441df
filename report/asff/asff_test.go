package asff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
)

// checkASFF holds every line against what BatchImportFindings takes.
func checkASFF(t testing.TB, out []byte) []Finding {
	t.Helper()
	var all []Finding
	seen := map[string]bool{}
	for line := range bytes.Lines(out) {
		if len(line) > asffBatchBytes {
			t.Errorf("a request of %d bytes", len(line))
		}
		var request struct{ Findings []json.RawMessage }
		decodeStrictly(t, line, &request)
		if n := len(request.Findings); n < 1 || n > asffBatch {
			t.Errorf("a request of %d findings", n)
		}
		product := ""
		for _, raw := range request.Findings {
			if len(raw) > 240<<10 {
				t.Errorf("a finding of %d bytes", len(raw))
			}
			var f Finding
			decodeStrictly(t, raw, &f)
			all = append(all, f)
			if product == "" {
				product = f.ProductArn
			}
			if part := strings.Split(f.ProductArn, ":"); f.ProductArn != product || part[4] != f.AwsAccountID || part[5] != "product/"+f.AwsAccountID+"/default" {
				t.Errorf("a finding of account %s for %s in a request for %s", f.AwsAccountID, f.ProductArn, product)
			}
			if seen[f.ID] {
				t.Errorf("Id %s twice", f.ID)
			}
			seen[f.ID] = true
			limit := func(name, s string, max int) {
				if strings.TrimSpace(s) == "" || len(s) > max || utf8.RuneCountInString(s) > max {
					t.Errorf("%s of %d bytes: %.60q", name, len(s), s)
				}
			}
			limit("Id", f.ID, 512)
			limit("GeneratorId", f.GeneratorID, 512)
			limit("Title", f.Title, 256)
			limit("Description", f.Description, 1024)
			limit("Severity.Original", f.Severity.Original, 64)
			limit("Resource", f.Resources[0].ID, 512)
			if r := f.Remediation; r != nil {
				limit("Recommendation", r.Recommendation.Text, 512)
			}
			if f.Note != nil {
				limit("Note", f.Note.Text, 512)
			}
			var fields struct{ ProductFields map[string]string }
			if err := json.Unmarshal(raw, &fields); err != nil {
				t.Fatal(err)
			}
			for k, v := range fields.ProductFields {
				limit("name of a field", k, 128)
				limit(k, v, 2048)
			}
			for _, r := range f.Compliance.RelatedRequirements {
				limit("RelatedRequirements", r, 64)
			}
			if len(fields.ProductFields) > 50 || len(f.Compliance.RelatedRequirements) > 32 {
				t.Errorf("%d fields, %d requirements", len(fields.ProductFields), len(f.Compliance.RelatedRequirements))
			}
			for _, at := range []string{f.CreatedAt, f.UpdatedAt, f.LastObservedAt} {
				if _, err := time.Parse(time.RFC3339, at); err != nil {
					t.Error(err)
				}
			}
			if (f.Compliance.Status == "PASSED") != (f.ProductFields.Status == "pass") {
				t.Errorf("%s is %s", f.ProductFields.Status, f.Compliance.Status)
			}
			if (f.Workflow.Status == "SUPPRESSED") != strings.HasSuffix(f.ID, "/waived") {
				t.Errorf("%s is %s", f.ID, f.Workflow.Status)
			}
		}
	}
	return all
}

func decodeStrictly(t testing.TB, b []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v in %.200s", err, b)
	}
}

func TestASFF(t *testing.T) {
	t.Parallel()
	for name, ms := range map[string][]report.Message{"sample": reporttest.Sample(t), "sparse": reporttest.Sparse(t), "empty": reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: &report.Run{}}}), "many": reporttest.Many(t, 500)} {
		t.Run(name, func(t *testing.T) { checkASFF(t, render(t, ms)) })
	}
}

func TestASFFStatus(t *testing.T) {
	t.Parallel()
	newFinding := func(change func(*finding.Finding)) Finding {
		f := &finding.Finding{RuleID: "XC001", Title: "t", Status: finding.Fail, Severity: finding.High, AccountID: reporttest.Prod, Region: "eu-central-1", Resource: reporttest.ARN("b"),
			Message: "m", Remediation: "fix it", Fingerprint: "f", Controls: []string{"NIST-800-53r5/CP-9"}, FailureCodes: []string{"DstBucketUnversioned"}}
		change(f)
		run := &report.Run{ID: "r1", FinishedAt: "2026-11-24T06:00:04Z"}
		all := checkASFF(t, render(t, reporttest.Summarized(t, report.Gate{}, []report.Message{{Run: run}, {Finding: f}})))
		if len(all) != 1 {
			t.Fatalf("%d findings", len(all))
		}
		return all[0]
	}
	for _, c := range []struct {
		change func(*finding.Finding)
		want   string
	}{
		{func(f *finding.Finding) {}, "crosscheck/f FAILED NEW HIGH/70/high"},
		{func(f *finding.Finding) { f.Severity = finding.Info }, "crosscheck/f FAILED NEW INFORMATIONAL/0/info"},
		{func(f *finding.Finding) { f.Waiver = &finding.Waiver{Reason: "old"} }, "crosscheck/f/waived FAILED SUPPRESSED HIGH/70/high"},
		{func(f *finding.Finding) { f.Status, f.Waiver = finding.Unknown, &finding.Waiver{} }, "crosscheck/f WARNING NEW HIGH/70/high"},
		{func(f *finding.Finding) { f.Status = "what" }, "crosscheck/f WARNING NEW HIGH/70/high"},
		{func(f *finding.Finding) { f.Status = finding.Pass }, "crosscheck/f PASSED RESOLVED INFORMATIONAL/0/high"},
	} {
		f := newFinding(c.change)
		if got := fmt.Sprintf("%s %s %s %s/%d/%s", f.ID, f.Compliance.Status, f.Workflow.Status, f.Severity.Label, *f.Severity.Normalized, f.Severity.Original); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for _, c := range []struct {
		change                       func(*finding.Finding)
		account, product, kind, name string
	}{
		{func(f *finding.Finding) {}, reporttest.Prod, "arn:aws:securityhub:eu-central-1:111111111111:product/111111111111/default", "AwsS3Bucket", reporttest.ARN("b")},
		{func(f *finding.Finding) { f.Resource, f.Region = "arn:aws-cn:s3:::b", "cn-north-1" }, reporttest.Prod,
			"arn:aws-cn:securityhub:cn-north-1:111111111111:product/111111111111/default", "AwsS3Bucket", "arn:aws-cn:s3:::b"},
		{func(f *finding.Finding) { f.Resource, f.Region = "arn:aws-us-gov:iam::111111111111:role/r", "" }, reporttest.Prod,
			"arn:aws-us-gov:securityhub:us-gov-west-1:111111111111:product/111111111111/default", "AwsIamRole", "arn:aws-us-gov:iam::111111111111:role/r"},
		{func(f *finding.Finding) { f.AccountID, f.Region, f.Resource = "", "", "" }, "000000000000",
			"arn:aws:securityhub:us-east-1:000000000000:product/000000000000/default", "AwsAccount", "AWS::::Account:unknown"},
		{func(f *finding.Finding) { f.Region, f.Resource = "not a Region", "not an ARN" }, reporttest.Prod,
			"arn:aws:securityhub:us-east-1:111111111111:product/111111111111/default", "Other", "not an ARN"},
	} {
		f := newFinding(c.change)
		if r := f.Resources[0]; f.AwsAccountID != c.account || f.ProductArn != c.product || r.Type != c.kind || r.ID != c.name {
			t.Errorf("%s %s %s %s", f.AwsAccountID, f.ProductArn, r.Type, r.ID)
		}
	}
	f := newFinding(func(*finding.Finding) {})
	if f.GeneratorID != "crosscheck/XC001" || f.UpdatedAt != "2026-11-24T06:00:04Z" || f.Remediation.Recommendation.Text != "fix it" || f.Compliance.RelatedRequirements[0] != "NIST-800-53r5/CP-9" ||
		f.Compliance.StatusReasons[0].ReasonCode != "DstBucketUnversioned" || f.Resources[0].Details.AwsS3Bucket.OwnerAccountID != reporttest.Prod || f.ProductFields.Resource != reporttest.ARN("b") {
		t.Errorf("%+v", f)
	}
	if f := newFinding(func(f *finding.Finding) { f.Message = strings.Repeat("ä", 2000) }); len(f.Description) > 1024 || !strings.HasSuffix(f.Description, "…") {
		t.Errorf("a long text is cut to %d bytes: %s", len(f.Description), f.Description[1000:])
	}
}

// Requests are full where they may be, and cut by count and by size.
func TestASFFBatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, long int // findings, and the bytes of their texts
		want    string
	}{
		{0, 1, "[]"}, {1, 1, "[1]"}, {100, 1, "[100]"}, {101, 1, "[100 1]"}, {250, 1, "[100 100 50]"},
		{100, 20_000, "[100]"},
	} {
		ms := []report.Message{{Run: &report.Run{}}}
		for i := range c.n {
			ms = append(ms, report.Message{Finding: &finding.Finding{RuleID: "XC001", Status: finding.Fail, AccountID: reporttest.Prod, Resource: reporttest.ARN("b"), Fingerprint: fmt.Sprint(i), Message: strings.Repeat(`"`, c.long),
				Link: strings.Repeat(`"`, c.long), Remediation: strings.Repeat(`"`, c.long)}})
		}
		if got := batchSizes(t, render(t, reporttest.Summarized(t, report.Gate{}, ms))); fmt.Sprint(got) != c.want {
			t.Errorf("%d findings in requests of %v, want %s", c.n, got, c.want)
		}
	}
	var out bytes.Buffer
	b := asffBatches{w: &out}
	for range 10 {
		if err := b.add(&Finding{Description: strings.Repeat("x", 1_000_000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.flush(); err != nil {
		t.Fatal(err)
	}
	if got := batchSizes(t, out.Bytes()); fmt.Sprint(got) != "[5 5]" {
		t.Errorf("10 findings of 1 MB in requests of %v", got)
	}
}

func batchSizes(t *testing.T, out []byte) []int {
	t.Helper()
	sizes := []int{}
	for line := range bytes.Lines(out) {
		if len(line) > asffBatchBytes {
			t.Errorf("a request of %d bytes", len(line))
		}
		var request struct{ Findings []json.RawMessage }
		decodeStrictly(t, line, &request)
		sizes = append(sizes, len(request.Findings))
	}
	return sizes
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
		t.Run(name, func(t *testing.T) { checkASFF(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
