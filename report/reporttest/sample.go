package reporttest

import (
	"bytes"
	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TB is what helpers need of a test.
type TB interface {
	Helper()
	Fatal(...any)
}

// Accounts of the sample.
const (
	Prod   = "111111111111"
	Data   = "222222222222"
	Backup = "333333333333"
)

func ARN(bucket string) string { return "arn:aws:s3:::" + bucket }

func Link(source, account, rule, destination string, v finding.Verdict, why string, codes ...string) *finding.Link {
	return &finding.Link{
		ID:           fact.LinkID(source, rule, destination),
		Source:       finding.End{AccountID: account, Region: "eu-central-1", Bucket: source},
		RuleID:       rule,
		RoleARN:      "arn:aws:iam::" + account + ":role/service-role/s3-replication",
		Destination:  finding.End{AccountID: Backup, Region: "eu-west-1", Bucket: destination},
		Verdict:      v,
		FailureCodes: codes,
		Why:          why,
	}
}

// sample is a run as a small organization gives it: something of everything, in
// no order.
func Sample(t testing.TB) []report.Message {
	works := Link("app-logs", Prod, "all", "backup-app-logs", finding.Works, "")
	works.Checks = []finding.Check{{Layer: "destination", Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::backup-app-logs/*", Result: finding.Allowed,
		Deciding: []finding.Statement{{Layer: "resource", Policy: "bucket policy of backup-app-logs", Sid: "Replica", Statement: 0}}}}
	broken := Link("billing-exports", Data, "to-backup", "backup-billing-exports", finding.Broken,
		"the destination bucket policy does not let the replication role write", "DstPutObjectNotPermitted")
	broken.Checks = []finding.Check{{Layer: "destination", Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::backup-billing-exports/*", Result: finding.Denied,
		FailureCode: "DstPutObjectNotPermitted", UnknownKeys: []string{"aws:SourceVpce"}, Witness: "billing/2026/a.csv"}}
	suspended := Link("customer-documents", Prod, "everything-of-customer-documents", "backup-customer-documents", finding.Broken,
		"versioning of the destination is suspended", "DstBucketUnversioned")
	partner := Link("contracts", Data, "partner", "partner-contracts", finding.UnknownVerdict, "the destination is outside the scanned accounts: its versioning and policy were not read")
	partner.Destination.AccountID, partner.Destination.Region = "", ""
	waived := Link("legacy-archive", Prod, "old", "backup-legacy-archive", finding.Broken, "versioning of the destination is suspended", "DstBucketUnversioned")

	partial := Link("orders", Prod, "to-backup", "backup-orders", finding.Partial,
		"objects written with SSE-KMS fail: the key for replicas is in state Disabled", "DstKmsKeyInvalidState")
	partial.Classes = []finding.ClassVerdict{
		{Class: finding.Default, Verdict: finding.Works, Counted: true},
		{Class: finding.SSEKMS, Verdict: finding.Broken, FailureCodes: partial.FailureCodes, Counted: true},
		{Class: finding.Tagged, Verdict: finding.Partial, Witness: "orders/2025/1", Counted: true, Fails: []finding.Keys{{Under: []string{"orders/2025/"}}}},
		{Class: finding.Annotated, Verdict: finding.UnknownVerdict},
	}

	newFinding := func(rule, title string, s finding.Severity, st finding.Status, l *finding.Link, message, fix string) *finding.Finding {
		return &finding.Finding{RuleID: rule, Title: title, Status: st, Severity: s, AccountID: l.Source.AccountID, Region: l.Source.Region,
			Resource: ARN(l.Source.Bucket), Link: l.ID, Message: message, Remediation: fix, FailureCodes: l.FailureCodes,
			Controls: []string{"SecurityHub/S3.7"}, Fingerprint: rule + "-" + l.Source.Bucket}
	}
	policy := newFinding("XC008", "Destination bucket policy admits the replication role", finding.High, finding.Fail, broken,
		"the policy of backup-billing-exports has no statement for arn:aws:iam::222222222222:role/service-role/s3-replication (it names the role without its path service-role/)",
		"in Sid Replica of the policy of backup-billing-exports, write the principal as arn:aws:iam::222222222222:role/service-role/s3-replication")
	policy.Evidence = map[string]any{"principal": "arn:aws:iam::222222222222:role/s3-replication", "sid": "Replica", "statement": 0}
	legacy := newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Fail, waived, "versioning of backup-legacy-archive is Suspended",
		"enable versioning on backup-legacy-archive")
	legacy.Waiver = &finding.Waiver{Reason: "being retired", Owner: "storage-team", Ticket: "OPS-1481", Expires: "2027-03-31"}
	required := &finding.Finding{RuleID: "XC011", Title: "Bucket required to replicate does", Status: finding.Fail, Severity: finding.Medium, AccountID: Prod, Region: "us-east-1",
		Resource: ARN("payments-ledger"), Message: "payments-ledger has the tag backup=required and no replication rule", Remediation: "add a replication rule, or remove the tag",
		Fingerprint: "XC011-payments-ledger"}

	return Summarized(t, report.Gate{}, []report.Message{
		{Run: &report.Run{ID: "20261124T060000Z-7f3a", StartedAt: "2026-11-24T06:00:00Z", FinishedAt: "2026-11-24T06:00:04Z",
			Scope: fact.Scope{Mode: "organization"}, Tool: report.Tool{Name: "crosscheck", Version: "1.2.3"},
			Calls: []report.Calls{{API: "s3:GetBucketReplication", Calls: 14, Retries: 3, Throttles: 2, Errors: 1, DurationMS: 512}, {API: "sts:AssumeRole", Calls: 5, Errors: 1, DurationMS: 40}}}},
		{Finding: newFinding("XC001", "Source keeps versions", finding.High, finding.Pass, works, "versioning is Enabled", "")},
		{Link: suspended},
		{Link: works},
		{Finding: required},
		{Link: waived},
		{Gap: &fact.Gap{AccountID: "444444444444", Resource: "arn:aws:iam::444444444444:role/crosscheck-audit", Fact: "account", API: "sts:AssumeRole", Code: "AccessDenied",
			Message: "the audit role cannot be assumed: deploy it there, or leave the account out with --exclude-accounts"}},
		{Finding: policy},
		{Finding: legacy},
		{Judged: &report.Judged{AccountID: Prod, Bucket: "legacy-archive", Links: 1, Whole: true, Kept: map[string][]string{"XC031": {`{"bucket": "legacy-archive"}`}}}},
		{Link: partial},
		{Link: partner},
		{Finding: newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Fail, suspended, "versioning of backup-customer-documents is Suspended", "enable versioning on backup-customer-documents")},
		{Finding: newFinding("XC002", "Destination keeps versions", finding.Critical, finding.Unknown, partner, "the versioning of partner-contracts was not read", "add the account that owns partner-contracts to the scan")},
		{Measurement: &measure.Measurement{Link: works.ID, Key: "crosscheck-canary/7f3a/1", Variant: "plain", Outcome: measure.Arrived, Predicted: "works", LatencyMS: 61, SlackMS: 50, SourceStatus: "COMPLETED"}},
		{Measurement: &measure.Measurement{Link: broken.ID, Key: "crosscheck-canary/7f3a/2", Variant: "plain", Outcome: measure.Failed, Predicted: "broken", SourceStatus: "FAILED", Message: "S3 reported FAILED after 0.4 s"}},
		{Gap: &fact.Gap{AccountID: Data, Resource: ARN("partner-contracts"), Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "Access Denied"}},
		{Gap: &fact.Gap{AccountID: Data, Resource: ARN("partner-contracts"), Fact: "bucket.versioning", API: "s3:GetBucketVersioning", Code: "AccessDenied", Message: "Access Denied"}},
		{Gap: &fact.Gap{AccountID: Data, Resource: ARN("scratch"), Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "Access Denied"}},
		{Link: broken},
		{Repairs: newPrincipal(broken, policy)},
		{Repairs: enabled(suspended, partial)},
		{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 5, Scanned: 4, Unreadable: 1}, Buckets: fact.BucketCoverage{Listed: 14, Scanned: 14}, Links: 6}},
	})
}

// newPrincipal is a change of a bucket policy that mends a finding on a link.
func newPrincipal(l *finding.Link, f *finding.Finding) *finding.Repairs {
	const was, is = "arn:aws:iam::222222222222:role/s3-replication", "arn:aws:iam::222222222222:role/service-role/s3-replication"
	text := func(principal string) string {
		return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Sid\": \"Replica\",\n      \"Effect\": \"Allow\",\n      \"Principal\": {\"AWS\": \"" +
			principal + "\"},\n      \"Action\": \"s3:ReplicateObject\",\n      \"Resource\": \"arn:aws:s3:::backup-billing-exports/*\"\n    }\n  ]\n}\n"
	}
	return &finding.Repairs{
		Changes: []finding.Change{{
			Target: finding.Target{Kind: finding.BucketPolicy, AccountID: l.Destination.AccountID, Region: l.Destination.Region, Resource: ARN(l.Destination.Bucket)},
			Before: text(was), After: text(is),
			Patch: []finding.PatchOperation{
				{Op: "test", Path: "/Statement/0/Principal/AWS", Value: was}, {Op: "replace", Path: "/Statement/0/Principal/AWS", Value: is}},
			Edits: []finding.Edit{{Operation: finding.ReplacePrincipal, Sid: "Replica", Element: "Principal/AWS", Values: []string{is}, Instead: was,
				Summary:  "write " + is + " in place of " + was + " in statement Replica of the bucket policy of backup-billing-exports",
				Findings: []string{f.Fingerprint}}},
			Links: []string{l.ID}, Proven: true,
		}},
		Fixes: []finding.Fix{{Link: l.ID, Before: l.Verdict, After: finding.Works, Proven: true, Changes: []int{0}}},
	}
}

// enabled is a setting that rests on what was not read, and what a person must decide.
func enabled(l, other *finding.Link) *finding.Repairs {
	return &finding.Repairs{
		Changes: []finding.Change{{
			Target: finding.Target{Kind: finding.Versioning, AccountID: l.Destination.AccountID, Region: l.Destination.Region, Resource: ARN(l.Destination.Bucket)},
			Before: "Suspended", After: "Enabled",
			Edits: []finding.Edit{{Operation: finding.Set, Statement: -1, Values: []string{"Enabled"},
				Summary: "enable versioning on backup-customer-documents", Findings: []string{"XC002-customer-documents"}}},
			Links: []string{l.ID}, Rests: []string{"the lifecycle of backup-customer-documents was not read"},
		}},
		Fixes: []finding.Fix{{Link: l.ID, Before: l.Verdict, After: finding.UnknownVerdict, Changes: []int{0}}},
		Decisions: []finding.Decision{{Target: finding.Target{Kind: finding.KeyState, AccountID: other.Destination.AccountID, Region: other.Destination.Region,
			Resource: "arn:aws:kms:eu-west-1:333333333333:key/1"}, Link: other.ID, Text: "the key is disabled; ask who manages it"}},
	}
}

// Wordless is the messages with a name in place of each sentence, for goldens that stay
// as they are when a sentence gets better.
func Wordless(ms []report.Message) []report.Message {
	ms = slices.Clone(ms)
	name := func(sentence *string, name string) {
		if *sentence != "" {
			*sentence = "(" + name + ")"
		}
	}
	for i, m := range ms {
		switch {
		case m.Link != nil:
			l := *m.Link
			name(&l.Why, "why "+l.Source.Bucket)
			ms[i].Link = &l
		case m.Finding != nil:
			f := *m.Finding
			name(&f.Title, "title "+f.RuleID)
			name(&f.Message, "message "+f.Fingerprint)
			name(&f.Remediation, "fix "+f.Fingerprint)
			if f.Waiver != nil {
				w := *f.Waiver
				name(&w.Reason, "reason "+f.Fingerprint)
				f.Waiver = &w
			}
			ms[i].Finding = &f
		case m.Measurement != nil:
			v := *m.Measurement
			name(&v.Message, "message "+v.Key)
			ms[i].Measurement = &v
		case m.Gap != nil:
			g := *m.Gap
			name(&g.Message, "message "+g.Fact)
			ms[i].Gap = &g
		case m.Repairs != nil:
			r := *m.Repairs
			r.Changes = slices.Clone(r.Changes)
			for k := range r.Changes {
				r.Changes[k].Edits = slices.Clone(r.Changes[k].Edits)
				for n := range r.Changes[k].Edits {
					e := &r.Changes[k].Edits[n]
					name(&e.Summary, "edit for "+e.Findings[0])
				}
			}
			ms[i].Repairs = &r
		case m.Past != nil:
			p := *m.Past
			name(&p.Title, "title "+p.RuleID)
			ms[i].Past = &p
		}
	}
	return ms
}

// summarized is the messages as they leave a Summarizer, compared with a baseline
// if one is given.
func Summarized(t TB, g report.Gate, ms []report.Message, baseline ...*compare.Baseline) []report.Message {
	t.Helper()
	keep := NewRecorder()
	var w report.Writer = report.Summarize(keep, g)
	for _, b := range baseline {
		w = compare.Mark(w, b)
	}
	for _, m := range ms {
		if err := m.Send(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return keep.Messages
}

func Golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "golden", name)
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got); read it and run the test with UPDATE=1 if it is right:\n%s", name, d)
	}
}

func Schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	Data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func Conforms(t testing.TB, s *jsonschema.Schema, doc []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("no JSON: %v", err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("does not meet its schema: %v", err)
	}
}

// sparse is a run in which everything that may be empty is.
func Sparse(t testing.TB) []report.Message {
	return Summarized(t, report.Gate{}, []report.Message{
		{Run: &report.Run{}},
		{Link: &finding.Link{Verdict: finding.UnknownVerdict, Checks: []finding.Check{{Result: finding.UnknownResult}}}},
		{Link: &finding.Link{Verdict: finding.Works}},
		{Finding: &finding.Finding{Status: finding.Unknown, Severity: finding.Info}},
		{Finding: &finding.Finding{Status: finding.Fail, Severity: finding.Low, Waiver: &finding.Waiver{}}},
		{Measurement: &measure.Measurement{Outcome: measure.Inconclusive}},
		{Gap: &fact.Gap{}},
		{Coverage: &fact.Coverage{}},
	})
}

// many is a run with n findings of which half failed, one in ten is unknown,
// and the others passed.
func Many(t testing.TB, n int) []report.Message {
	ms := []report.Message{Sample(t)[0]}
	for i := range n {
		status := finding.Fail
		switch {
		case i%10 == 9:
			status = finding.Unknown
		case i%2 == 0:
			status = finding.Pass
		}
		account := fmt.Sprintf("%012d", 100000000000+i*7919%1000)
		bucket := fmt.Sprintf("team-%04d-bucket-%06d", i%997, i)
		id := fact.LinkID(bucket, "replicate-everything", "backup-"+bucket)
		ms = append(ms, report.Message{Finding: &finding.Finding{RuleID: fmt.Sprintf("XC%03d", i%30), Title: "Destination keeps versions", Status: status,
			Severity: finding.Severities[i%len(finding.Severities)], AccountID: account, Region: "eu-central-1", Resource: ARN(bucket), Link: id,
			Message:      "the policy of backup-" + bucket + " has no statement for arn:aws:iam::" + account + ":role/service-role/s3-replication",
			FailureCodes: []string{"DstPutObjectNotPermitted"}, Evidence: map[string]any{"principal": account, "statement": i % 5},
			Remediation: "in Sid Replica of the policy of backup-" + bucket + ", name the role", Controls: []string{"SecurityHub/S3.7"},
			Fingerprint: fmt.Sprintf("%016x", i*2654435761)}})
	}
	return Summarized(t, report.Gate{}, ms)
}

// hostile are strings that an attacker in one of many accounts may have put where
// the report finds them.
var Hostile = map[string]string{
	"escape sequence":    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
	"C1 sequence":        "\u009b31m\u009d0;title\u009c",
	"control characters": "a\x00b\x08c\x7fd\ve\ff",
	"new lines":          "line\r\nline\nfix: run rm -rf\rover\u2028sep\u2029\u0085",
	"tabs":               "a\tb\t\tc",
	"bidi":               "\u202egpj.exe\u202c \u2066x\u2069 \u200f\u061c",
	"zero width":         "a\u200bb\u200dc\ufeffd\u00ade\U000e0041",
	"HTML":               `<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'"`,
	"Markdown":           "| a | b |\n|---|---|\n# title\n`code` ``` **bold** [link](https://evil.example) ![i](x) @team #1 <!-- c --> \\| ~~x~~",
	"CSV formula":        `=HYPERLINK("https://evil.example","x")`,
	"CSV formula 2":      `+1+cmd|' /C calc'!A0`,
	"CSV formula 3":      "\t=1+1",
	"CSV formula 4":      "@SUM(1)",
	"CSV formula 5":      "-2+3",
	"GitHub command":     "::set-output name=x::y\n::error::z a ::warning::b",
	"Azure command":      "##[error]x ##vso[task.complete result=Succeeded;]",
	"quotes":             "a\"b'c,d;e\\",
	"XML":                "]]> <!-- --> <?xml?> <![CDATA[ &undefined; \x01 \ufffe \uffff",
	"Prometheus":         "a\"} 1\nfake_metric{x=\"y\\",
	"invalid UTF-8":      "a\xff\xfe\xc0\xafb\xed\xa0\x80",
	"placeholders":       "{0} {{1}} %s %d %!s(MISSING)",
	"long":               strings.Repeat("long-name/", 1024),
	"long word":          strings.Repeat("x", 10_240),
	"wide":               strings.Repeat("名", 300),
	"stacked marks":      "z" + strings.Repeat("\u0335", 300),
	"dots":               "../../../etc/passwd",
	"empty":              "",
	"space":              "   ",
}

// fill puts s into every string of v that is not one of a fixed set.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), s)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), s)
		fill(v.Index(1), s)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{s: s, "list": []any{s}}))
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(s)
		}
	}
}

func HostileRun(t testing.TB, s string) []report.Message {
	var ms []report.Message
	add := func(m report.Message) { ms = append(ms, m) }
	run := &report.Run{}
	fill(reflect.ValueOf(run), s)
	add(report.Message{Run: run})
	for _, v := range finding.Verdicts {
		l := &finding.Link{Verdict: v}
		fill(reflect.ValueOf(l), s)
		l.Baseline = report.MarkNew
		for i := range l.Checks {
			l.Checks[i].Result = finding.UnknownResult
		}
		for i := range l.Classes {
			l.Classes[i].Class, l.Classes[i].Verdict = finding.Default, v
		}
		add(report.Message{Link: l})
	}
	for _, st := range []finding.Status{finding.Fail, finding.Pass, finding.Unknown, finding.NotApplicable} {
		for _, waived := range []bool{true, false} {
			f := &finding.Finding{Status: st, Severity: finding.High}
			fill(reflect.ValueOf(f), s)
			f.Baseline = report.MarkNew
			if !waived {
				f.Waiver = nil
			}
			add(report.Message{Finding: f})
		}
	}
	for _, o := range []measure.Outcome{measure.Arrived, measure.Failed, measure.Timeout, measure.Inconclusive, measure.Differs, measure.Absent, measure.Unexpected} {
		m := &measure.Measurement{Outcome: o}
		fill(reflect.ValueOf(m), s)
		m.Baseline = report.MarkExisting
		for i := range m.Checks {
			m.Checks[i].Result = measure.Unread
		}
		add(report.Message{Measurement: m})
	}
	repairs := newPrincipal(&finding.Link{ID: s}, &finding.Finding{Fingerprint: s})
	for i := range repairs.Changes {
		c := &repairs.Changes[i]
		c.AccountID, c.Region, c.Resource, c.Policy, c.Before, c.After, c.Rests, c.Proven = s, s, s, s, s, s+s, []string{s}, false
		c.Patch = append(c.Patch, finding.PatchOperation{Op: "add", Path: s, Value: map[string]any{s: []any{s}}})
		for k := range c.Edits {
			fill(reflect.ValueOf(&c.Edits[k]), s)
			c.Edits[k].Operation = finding.AddAction
		}
	}
	repairs.Decisions = []finding.Decision{{Target: repairs.Changes[0].Target, Link: s, Text: s, Findings: []string{s}}}
	add(report.Message{Repairs: repairs})
	for _, change := range []string{report.Fixed, report.Gone, report.Lost} {
		p := &report.Past{Severity: finding.High}
		fill(reflect.ValueOf(p), s)
		p.Change = change
		add(report.Message{Past: p})
	}
	g := &fact.Gap{}
	fill(reflect.ValueOf(g), s)
	add(report.Message{Gap: g})
	add(report.Message{Coverage: &fact.Coverage{Additions: []string{s, "kms:DescribeKey KeyMetadata/" + s}}})
	return Summarized(t, report.Gate{}, ms)
}

// Render makes records of the messages, keeping what keep says, and renders them.
func Render(t testing.TB, keep records.Keep, render func(io.Writer, *records.Run) error, ms []report.Message) []byte {
	t.Helper()
	b := records.NewBuilder()
	b.Keep = keep
	defer func() { _ = b.Close() }()
	if err := Send(b, ms...); err != nil {
		t.Fatal(err)
	}
	r, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := render(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
