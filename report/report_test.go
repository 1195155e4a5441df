package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got); read it and run the test with -update if it is right:\n%s", name, d)
	}
}

// writer is one output.
func writer(format string, w io.Writer, o Options) Writer {
	out := &outputs{}
	out.add(format, w, o)
	return out
}

// render writes the messages in one format.
func render(t testing.TB, format string, o Options, ms []Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w := writer(format, &b, o)
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

// summarized is the messages as they leave a Summarizer, compared with a baseline
// if one is given.
func summarized(t rapid.TB, g Gate, ms []Message, baseline ...*Baseline) []Message {
	t.Helper()
	var keep recorder
	var w Writer = Summarize(&keep, g)
	for _, b := range baseline {
		w = Mark(w, b)
	}
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return keep.messages
}

type recorder struct {
	messages []Message
	closed   bool
}

func (r *recorder) add(m Message) error {
	r.messages = append(r.messages, m)
	return nil
}

func (r *recorder) Run(v *Run) error                         { return r.add(Message{Run: v}) }
func (r *recorder) Link(v *finding.Link) error               { return r.add(Message{Link: v}) }
func (r *recorder) Finding(v *finding.Finding) error         { return r.add(Message{Finding: v}) }
func (r *recorder) Measurement(v *measure.Measurement) error { return r.add(Message{Measurement: v}) }
func (r *recorder) Gap(v *fact.Gap) error                    { return r.add(Message{Gap: v}) }
func (r *recorder) Judged(v *Judged) error                   { return r.add(Message{Judged: v}) }
func (r *recorder) Coverage(v *fact.Coverage) error          { return r.add(Message{Coverage: v}) }
func (r *recorder) Past(v *Past) error                       { return r.add(Message{Past: v}) }
func (r *recorder) Summary(v *Summary) error                 { return r.add(Message{Summary: v}) }

func (r *recorder) Close() error {
	r.closed = true
	return nil
}

const (
	prod   = "111111111111"
	data   = "222222222222"
	backup = "333333333333"
)

func arn(bucket string) string { return "arn:aws:s3:::" + bucket }

func link(source, account, rule, destination string, v finding.Verdict, why string, codes ...string) *finding.Link {
	return &finding.Link{
		ID:           fact.LinkID(source, rule, destination),
		Source:       finding.End{AccountID: account, Region: "eu-central-1", Bucket: source},
		RuleID:       rule,
		RoleARN:      "arn:aws:iam::" + account + ":role/service-role/s3-replication",
		Destination:  finding.End{AccountID: backup, Region: "eu-west-1", Bucket: destination},
		Verdict:      v,
		FailureCodes: codes,
		Why:          why,
	}
}

// sample is a run as a small organization gives it: something of everything, in
// no order.
func sample(t testing.TB) []Message {
	works := link("app-logs", prod, "all", "backup-app-logs", finding.Works, "")
	works.Checks = []finding.Check{{Layer: "destination", Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::backup-app-logs/*", Result: "allowed",
		Deciding: []finding.Statement{{Layer: "resource", Policy: "bucket policy of backup-app-logs", Sid: "Replica", Statement: 0}}}}
	broken := link("billing-exports", data, "to-backup", "backup-billing-exports", finding.Broken,
		"the destination bucket policy does not let the replication role write", "DstPutObjectNotPermitted")
	broken.Checks = []finding.Check{{Layer: "destination", Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::backup-billing-exports/*", Result: "denied",
		FailureCode: "DstPutObjectNotPermitted", UnknownKeys: []string{"aws:SourceVpce"}, Witness: "billing/2026/a.csv"}}
	suspended := link("customer-documents", prod, "everything-of-customer-documents", "backup-customer-documents", finding.Broken,
		"versioning of the destination is suspended", "DstBucketUnversioned")
	partner := link("contracts", data, "partner", "partner-contracts", finding.UnknownVerdict, "the destination is outside the scanned accounts: its versioning and policy were not read")
	partner.Destination.AccountID, partner.Destination.Region = "", ""
	waived := link("legacy-archive", prod, "old", "backup-legacy-archive", finding.Broken, "versioning of the destination is suspended", "DstBucketUnversioned")

	newFinding := func(rule, title string, s finding.Severity, st finding.Status, l *finding.Link, message, fix string) *finding.Finding {
		return &finding.Finding{RuleID: rule, Title: title, Status: st, Severity: s, AccountID: l.Source.AccountID, Region: l.Source.Region,
			Resource: arn(l.Source.Bucket), Link: l.ID, Message: message, Remediation: fix, FailureCodes: l.FailureCodes,
			Controls: []string{"SecurityHub/S3.7"}, Fingerprint: rule + "-" + l.Source.Bucket}
	}
	policy := newFinding("XC008", "Destination bucket policy admits the replication role", finding.High, finding.Fail, broken,
		"the policy of backup-billing-exports has no statement for arn:aws:iam::222222222222:role/service-role/s3-replication (it names the role without its path service-role/)",
		"in Sid Replica of the policy of backup-billing-exports, write the principal as arn:aws:iam::222222222222:role/service-role/s3-replication")
	policy.Evidence = map[string]any{"principal": "arn:aws:iam::222222222222:role/s3-replication", "sid": "Replica", "statement": 0}
	legacy := newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Fail, waived, "versioning of backup-legacy-archive is Suspended",
		"enable versioning on backup-legacy-archive")
	legacy.Waiver = &finding.Waiver{Reason: "being retired", Owner: "storage-team", Ticket: "OPS-1481", Expires: "2027-03-31"}
	required := &finding.Finding{RuleID: "XC011", Title: "Bucket required to replicate does", Status: finding.Fail, Severity: finding.Medium, AccountID: prod, Region: "us-east-1",
		Resource: arn("payments-ledger"), Message: "payments-ledger has the tag backup=required and no replication rule", Remediation: "add a replication rule, or remove the tag",
		Fingerprint: "XC011-payments-ledger"}

	return summarized(t, Gate{}, []Message{
		{Run: &Run{ID: "20261124T060000Z-7f3a", StartedAt: "2026-11-24T06:00:00Z", FinishedAt: "2026-11-24T06:00:04Z",
			Scope: fact.Scope{Mode: "organization"}, Tool: Tool{Name: "crosscheck", Version: "1.2.3"},
			Calls: []Calls{{API: "s3:GetBucketReplication", Calls: 14, Retries: 3, Throttles: 2, Errors: 1, DurationMS: 512}, {API: "sts:AssumeRole", Calls: 5, Errors: 1, DurationMS: 40}}}},
		{Finding: newFinding("XC001", "Source keeps versions", finding.High, finding.Pass, works, "versioning is Enabled", "")},
		{Link: suspended},
		{Link: works},
		{Finding: required},
		{Link: waived},
		{Gap: &fact.Gap{AccountID: "444444444444", Resource: "arn:aws:iam::444444444444:role/crosscheck-audit", Fact: "account", API: "sts:AssumeRole", Code: "AccessDenied",
			Message: "the audit role cannot be assumed: deploy it there, or leave the account out with --exclude-accounts"}},
		{Finding: policy},
		{Finding: legacy},
		{Judged: &Judged{AccountID: prod, Bucket: "legacy-archive", Links: 1, Whole: true, Kept: map[string][]string{"XC031": {`{"bucket": "legacy-archive"}`}}}},
		{Link: partner},
		{Finding: newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Fail, suspended, "versioning of backup-customer-documents is Suspended", "enable versioning on backup-customer-documents")},
		{Finding: newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Unknown, partner, "the versioning of partner-contracts was not read", "add the account that owns partner-contracts to the scan")},
		{Measurement: &measure.Measurement{Link: works.ID, Key: "crosscheck-canary/7f3a/1", Variant: "plain", Outcome: measure.Arrived, Predicted: "works", LatencyMS: 61, SlackMS: 50, SourceStatus: "COMPLETED"}},
		{Measurement: &measure.Measurement{Link: broken.ID, Key: "crosscheck-canary/7f3a/2", Variant: "plain", Outcome: measure.Failed, Predicted: "broken", SourceStatus: "FAILED", Message: "S3 reported FAILED after 0.4 s"}},
		{Gap: &fact.Gap{AccountID: data, Resource: arn("partner-contracts"), Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "Access Denied"}},
		{Gap: &fact.Gap{AccountID: data, Resource: arn("partner-contracts"), Fact: "bucket.versioning", API: "s3:GetBucketVersioning", Code: "AccessDenied", Message: "Access Denied"}},
		{Gap: &fact.Gap{AccountID: data, Resource: arn("scratch"), Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "Access Denied"}},
		{Link: broken},
		{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 5, Scanned: 4, Unreadable: 1}, Buckets: fact.BucketCoverage{Listed: 14, Scanned: 14}, Links: 5}},
	})
}

// asLines puts every JSON value of compact documents on lines of its own, for
// reading.
func asLines(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); out.WriteByte('\n') {
		var doc json.RawMessage
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Indent(&out, doc, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file, format string
		o            Options
	}{
		{"report-80.txt", "table", Options{Width: 80}},
		{"report-120.txt", "table", Options{}},
		{"report-200.txt", "table", Options{Width: 200}},
		{"report.json", "json", Options{}},
		{"report.jsonl", "jsonl", Options{}},
		{"report.csv", "csv", Options{}},
		{"report.md", "markdown", Options{}},
		{"report.html", "html", Options{Codes: map[string]string{"DstBucketUnversioned": "Versioning of the destination is not Enabled."},
			Rules: map[string]RuleHelp{"XC002": {Title: "Destination keeps versions", Markdown: "S3 replicates only into buckets with versioning.\n\n**Fix:** run `aws s3api put-bucket-versioning`.",
				URI: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"}}}},
		{"report.xml", "junit", Options{}},
		{"report.prom", "prometheus", Options{}},
		{"report.ocsf.json", "ocsf", Options{}},
		{"report.asff.json", "asff", Options{}},
		{"report.sarif", "sarif", Options{Rules: map[string]RuleHelp{"XC002": {Title: "Destination keeps versions",
			Markdown: "S3 replicates only into buckets with versioning. Enable it at the destination.",
			URI:      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"}}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := render(t, c.format, c.o, sample(t))
			if c.format == "sarif" || c.format == "ocsf" || c.format == "asff" {
				got = asLines(t, got)
			}
			if c.format == "html" { // less what is the same in every page
				for _, text := range [][]byte{htmlStyle, htmlScript} {
					got = bytes.Replace(got, text, []byte("…"), 1)
				}
				got = regexp.MustCompile(`sha256-.*?=&#39;`).ReplaceAll(got, []byte("sha256-…"))
			}
			golden(t, c.file, got)
		})
	}
}
