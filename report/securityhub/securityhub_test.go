package securityhub

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/smithy-go"
	diff "github.com/google/go-cmp/cmp"

	"crosscheck/canary/measure"
	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// fakeHub keeps what is imported, as Security Hub does.
type fakeHub struct {
	at       destination
	requests []int // sizes of the imports
	findings []types.AwsSecurityFinding
	refuse   map[string]bool // Ids
	err      error           // of every import
	lost     int             // findings that an answer says nothing of
	readErr  error
}

func (f *fakeHub) BatchImportFindings(ctx context.Context, in *securityhub.BatchImportFindingsInput, _ ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.requests = append(f.requests, len(in.Findings))
	if f.err != nil {
		return nil, f.err
	}
	out := &securityhub.BatchImportFindingsOutput{FailedCount: aws.Int32(0), SuccessCount: aws.Int32(int32(-f.lost))}
	for _, n := range in.Findings {
		id := aws.ToString(n.Id)
		if f.refuse[id] || aws.ToString(n.AwsAccountId) != f.at.account || aws.ToString(n.ProductArn) != f.at.product() {
			*out.FailedCount++
			out.FailedFindings = append(out.FailedFindings, types.ImportFindingsError{Id: n.Id, ErrorCode: aws.String("InvalidInput"), ErrorMessage: aws.String("not\nthis\x1b[31m")})
			continue
		}
		*out.SuccessCount++
		if i := slices.IndexFunc(f.findings, func(o types.AwsSecurityFinding) bool { return aws.ToString(o.Id) == id }); i >= 0 {
			f.findings[i] = n
		} else {
			f.findings = append(f.findings, n)
		}
	}
	return out, nil
}

// GetFindings gives pages of two, active or not.
func (f *fakeHub) GetFindings(_ context.Context, in *securityhub.GetFindingsInput, _ ...func(*securityhub.Options)) (*securityhub.GetFindingsOutput, error) {
	if f.readErr != nil {
		return nil, f.readErr
	}
	from := 0
	if in.NextToken != nil {
		fmt.Sscan(*in.NextToken, &from)
	}
	to := min(from+2, len(f.findings))
	out := &securityhub.GetFindingsOutput{Findings: slices.Clone(f.findings[from:to])}
	if to < len(f.findings) {
		out.NextToken = aws.String(fmt.Sprint(to))
	}
	return out, nil
}

func (f *fakeHub) api() api { return api{f.BatchImportFindings, f.GetFindings} }

// states are the Ids with their standing.
func (f *fakeHub) states() map[string]string {
	out := map[string]string{}
	for _, n := range f.findings {
		out[aws.ToString(n.Id)] = string(n.RecordState) + " " + string(n.Compliance.Status)
	}
	return out
}

// newImporter is one into Security Hubs of its own, by account and Region.
func newImporter(t *testing.T, own bool) (*Importer, map[string]*fakeHub, *bytes.Buffer) {
	t.Helper()
	all := map[string]*fakeHub{}
	var log bytes.Buffer
	i := New(Options{Log: &log})
	if own {
		i.opts.Role = "sender"
	}
	i.home = destination{"aws", "999999999999", "eu-west-1"}
	i.open = func(to destination) api {
		key := to.account + " " + to.region
		if all[key] == nil {
			all[key] = &fakeHub{at: to}
		}
		return all[key].api()
	}
	return i, all, &log
}

// importRun imports a run and logs the counts.
func importRun(ctx context.Context, t *testing.T, i *Importer, ms ...report.Message) error {
	t.Helper()
	ms = append([]report.Message{{Run: &report.Run{ID: "r", StartedAt: "2026-11-24T06:00:00Z"}}}, ms...)
	if err := reporttest.Send(i, append(ms, report.Message{Summary: &report.Summary{}})...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	counts, err := i.Import(ctx)
	fmt.Fprintln(i.opts.Log, counts)
	return err
}

// found is a finding about the bucket b of an account.
func found(account, region, fingerprint string, status finding.Status) report.Message {
	return report.Message{Finding: &finding.Finding{RuleID: "XC001", Title: "t", Status: status, Severity: finding.High, AccountID: account, Region: region,
		Resource: "arn:aws:s3:::b", Message: "m", Fingerprint: fingerprint}}
}

const (
	one = "111111111111"
	two = "222222222222"
)

func TestBatches(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 100, 101, 250} {
		i, all, errs := newImporter(t, false)
		var ms []report.Message
		for j := range n {
			ms = append(ms, found([]string{one, two, ""}[j%3], "eu-central-1", fmt.Sprint("f", j), finding.Fail))
		}
		if err := importRun(t.Context(), t, i, ms...); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("Security Hub: %d findings imported, 0 archived\n", n); errs.String() != want {
			t.Errorf("said %q, want %q", errs, want)
		}
		if n == 0 {
			if len(all) != 0 {
				t.Errorf("calls for nothing")
			}
			continue
		}
		home := all["999999999999 eu-west-1"]
		if len(all) != 1 || len(home.findings) != n || len(home.requests) != (n+99)/100 {
			t.Errorf("%d findings: %d hubs, %d there, in requests of %v", n, len(all), len(home.findings), home.requests)
		}
		for _, f := range home.findings {
			if got := f.ProductFields["crosscheck/AccountId"]; got != one && got != two && got != "" {
				t.Errorf("the account of the bucket is said to be %q", got)
			}
		}
	}
}

func TestRoleOfEachAccount(t *testing.T) {
	t.Parallel()
	i, all, _ := newImporter(t, true)
	if err := importRun(t.Context(), t, i, found(one, "eu-central-1", "a", finding.Fail), found(one, "us-east-1", "b", finding.Pass), found(two, "us-east-1", "c", finding.Unknown),
		found("", "", "d", finding.Fail), found(two, "../evil", "e", finding.Fail),
		report.Message{Gap: &fact.Gap{AccountID: two, Resource: "arn:aws:s3:::b", Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied"}}); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for key, f := range all {
		got[key] = len(f.findings)
	}
	want := map[string]int{one + " eu-central-1": 1, one + " us-east-1": 1, two + " us-east-1": 1, "999999999999 eu-west-1": 1, two + " eu-west-1": 2}
	if d := diff.Diff(want, got); d != "" {
		t.Errorf("findings by Security Hub (-want +got):\n%s", d)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"}
	for name, c := range map[string]struct {
		break_   func(*fakeHub)
		own      bool
		err      string
		lines    []string
		requests int // to the Security Hub that is broken
	}{
		"refused one by one": {func(f *fakeHub) { f.refuse = map[string]bool{"crosscheck/a": true, "crosscheck/c": true} }, false,
			"2 of 4 findings did not get into Security Hub: Security Hub refused them or did not answer for them",
			[]string{"crosscheck: Security Hub of account 999999999999 in eu-west-1 did not take crosscheck/a: InvalidInput: not this\\u001b[31m",
				"crosscheck: Security Hub of account 999999999999 in eu-west-1 did not take crosscheck/c: InvalidInput: not this\\u001b[31m",
				"Security Hub: 2 findings imported, 0 archived"}, 1},
		"no permission": {func(f *fakeHub) { f.err = denied }, false,
			"4 of 4 findings did not get into Security Hub: Security Hub of account 999999999999 in eu-west-1: AccessDeniedException: not you",
			[]string{"Security Hub: 0 findings imported, 0 archived"}, 1},
		"one of several": {func(f *fakeHub) { f.err = denied }, true,
			"3 of 4 findings did not get into Security Hub: Security Hub of account 111111111111 in eu-central-1: AccessDeniedException: not you",
			[]string{"crosscheck: Security Hub of account 111111111111 in eu-central-1: AccessDeniedException: not you (3 findings)", "Security Hub: 1 findings imported, 0 archived"}, 1},
		"no answer for some": {func(f *fakeHub) { f.lost = 1 }, false,
			"1 of 4 findings did not get into Security Hub: Security Hub refused them or did not answer for them", []string{"crosscheck: Security Hub of account 999999999999 in eu-west-1: its answer does not say what happened to 1 findings", "Security Hub: 3 findings imported, 0 archived"}, 1},
		"cannot be read": {func(f *fakeHub) { f.readErr = denied }, false,
			"Security Hub of account 999999999999 in eu-west-1: AccessDeniedException: not you", []string{"Security Hub: 4 findings imported, 0 archived"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			i, all, errs := newImporter(t, c.own)
			broken := destination{"aws", "999999999999", "eu-west-1"}
			if c.own {
				broken = destination{"aws", one, "eu-central-1"}
			}
			i.open(broken)
			f := all[broken.account+" "+broken.region]
			c.break_(f)
			err := importRun(t.Context(), t, i, found(one, "eu-central-1", "a", finding.Fail), found(one, "eu-central-1", "b", finding.Fail), found(one, "eu-central-1", "c", finding.Fail), found(two, "us-east-1", "d", finding.Fail))
			if err == nil || err.Error() != c.err {
				t.Errorf("error %v, want %s", err, c.err)
			}
			if want := strings.Join(c.lines, "\n") + "\n"; errs.String() != want {
				t.Errorf("said\n%swant\n%s", errs, want)
			}
			if len(f.requests) != c.requests {
				t.Errorf("requests of %v", f.requests)
			}
			if c.own && len(all[two+" us-east-1"].findings) != 1 {
				t.Error("the other Security Hub got nothing")
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	i, all, _ := newImporter(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := importRun(ctx, t, i, found(one, "eu-central-1", "a", finding.Fail)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if f := all["999999999999 eu-west-1"]; len(f.findings) != 0 {
		t.Error("something was sent")
	}
}

// What an earlier run found and this one does not is archived where it was looked
// at again and decided, and only there.
func TestArchive(t *testing.T) {
	t.Parallel()
	i, all, _ := newImporter(t, false)
	on := func(m report.Message, link string, waived bool) report.Message {
		m.Finding.Link = link
		m.Finding.Resource = "arn:aws:s3:::" + link[:1]
		if waived {
			m.Finding.Waiver = &finding.Waiver{Reason: "r"}
		}
		return m
	}
	probe := func(link, variant string, outcome measure.Outcome) report.Message {
		return report.Message{Measurement: &measure.Measurement{Link: link, Variant: variant, Outcome: outcome}}
	}
	gap := func(resource string) report.Message {
		return report.Message{Gap: &fact.Gap{AccountID: two, Resource: resource, Fact: "x", API: "y", Code: "z"}}
	}
	if err := importRun(t.Context(), t, i,
		on(found(one, "eu-central-1", "fixed", finding.Fail), "a/r→b", false),
		on(found(one, "eu-central-1", "stays", finding.Fail), "c/r→b", false),
		on(found(one, "eu-central-1", "unknown", finding.Fail), "d/r→b", false),
		on(found(one, "eu-central-1", "gone", finding.Fail), "e/r→b", false),
		on(found(one, "eu-central-1", "waiver begins", finding.Fail), "f/r→b", false),
		on(found(one, "eu-central-1", "waiver ends", finding.Fail), "g/r→b", true),
		on(found(one, "eu-central-1", "same", finding.Fail), "h/r→b", false),
		on(found(two, "eu-central-1", "other", finding.Pass), "i/r→b", false),
		report.Message{Link: &finding.Link{ID: "k/r→b", Verdict: finding.Broken}},
		report.Message{Link: &finding.Link{ID: "l/r→b", Verdict: finding.Broken}},
		probe("a/r→b", "plain", measure.Failed), probe("a/r→b", "plain", measure.Failed), probe("a/r→b", "sse", measure.Failed),
		probe("c/r→b", "plain", measure.Failed), probe("c/r→b", "plain", measure.Failed),
		report.Message{Coverage: &fact.Coverage{}},
		gap("arn:aws:s3:::a"), gap("arn:aws:s3:::z"), gap("arn:aws:iam::222222222222:role/r"),
	); err != nil {
		t.Fatal(err)
	}
	home := all["999999999999 eu-west-1"]
	foreign := home.findings[0]
	foreign.Id, foreign.GeneratorId = aws.String("foreign"), aws.String("other-tool/XC001")
	home.findings = append(home.findings, foreign)

	later, _, errs := newImporter(t, false)
	later.open = func(destination) api { return home.api() }
	if err := importRun(t.Context(), t, later,
		on(found(one, "eu-central-1", "no more", finding.Pass), "a/r→b", false),
		on(found(one, "eu-central-1", "stays", finding.Fail), "c/r→b", false),
		on(found(one, "eu-central-1", "still looking", finding.Unknown), "d/r→b", false),
		on(found(one, "eu-central-1", "waiver begins", finding.Fail), "f/r→b", true),
		on(found(one, "eu-central-1", "waiver ends", finding.Fail), "g/r→b", false),
		on(found(one, "eu-central-1", "same", finding.Pass), "h/r→b", false),
		on(found(two, "eu-central-1", "other", finding.Pass), "i/r→b", false),
		report.Message{Link: &finding.Link{ID: "k/r→b", Verdict: finding.Works}},
		report.Message{Link: &finding.Link{ID: "l/r→b", Verdict: finding.UnknownVerdict}},
		probe("a/r→b", "plain", measure.Arrived), probe("c/r→b", "plain", measure.Inconclusive),
		report.Message{Coverage: &fact.Coverage{}},
	); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"crosscheck/fixed": "ARCHIVED FAILED", "crosscheck/stays": "ACTIVE FAILED", "crosscheck/unknown": "ACTIVE FAILED",
		"crosscheck/gone": "ACTIVE FAILED", "crosscheck/waiver begins": "ARCHIVED FAILED", "crosscheck/waiver begins/waived": "ACTIVE FAILED",
		"crosscheck/waiver ends/waived": "ARCHIVED FAILED", "crosscheck/waiver ends": "ACTIVE FAILED", "crosscheck/same": "ACTIVE PASSED", "crosscheck/other": "ACTIVE PASSED", "foreign": "ACTIVE FAILED",
	}
	got := home.states()
	for id, state := range want {
		if got[id] != state {
			t.Errorf("%s is %q, want %q", id, got[id], state)
		}
	}
	// Links, probes and gaps have no Ids that one could write down.
	states := map[string]int{}
	for _, f := range home.findings {
		if rule := f.ProductFields["crosscheck/Rule"]; rule == "link" || rule == "probe" || rule == "gap" {
			variant := strings.Fields(aws.ToString(f.Description))[0]
			if rule != "probe" {
				variant = ""
			}
			states[strings.Join(strings.Fields(strings.Join([]string{rule, variant, cmp.Or(f.ProductFields["crosscheck/Link"], f.ProductFields["crosscheck/Resource"]), string(f.RecordState), string(f.Compliance.Status)}, " ")), " ")]++
		}
	}
	if d := diff.Diff(map[string]int{
		"link k/r→b ARCHIVED FAILED": 1, "link l/r→b ACTIVE WARNING": 1,
		"gap arn:aws:s3:::a ARCHIVED NOT_AVAILABLE": 1, "gap arn:aws:s3:::z ACTIVE NOT_AVAILABLE": 1, "gap arn:aws:iam::222222222222:role/r ARCHIVED NOT_AVAILABLE": 1,
		"probe plain a/r→b ACTIVE PASSED": 1, "probe plain a/r→b ARCHIVED FAILED": 1, "probe sse a/r→b ACTIVE FAILED": 1, // of three, one was not made again
		"probe plain c/r→b ACTIVE WARNING": 1, "probe plain c/r→b ACTIVE FAILED": 1, // not decided
	}, states); d != "" {
		t.Errorf("links, probes and gaps (-want +got):\n%s", d)
	}
	if !strings.Contains(errs.String(), "10 findings imported, 7 archived") {
		t.Errorf("said %s", errs)
	}
}

// What is not sure to be resolved stays: silence archives nothing.
func TestNotArchived(t *testing.T) {
	t.Parallel()
	gapAt := func(resource, name string) report.Message {
		return report.Message{Gap: &fact.Gap{AccountID: two, Resource: resource, Fact: name, API: "y", Code: "z"}}
	}
	about := func(rule string) report.Message {
		m := found(two, "eu-central-1", "f", finding.Fail)
		m.Finding.RuleID, m.Finding.Link = rule, "b/r→c"
		return m
	}
	const role = "arn:aws:iam::222222222222:role/r"
	bucket := found(two, "eu-central-1", "bucket", finding.Pass) // shows that the account and the bucket were read
	covered := report.Message{Coverage: &fact.Coverage{}}
	probe := report.Message{Measurement: &measure.Measurement{Link: "b/r→c", Outcome: measure.Arrived}}
	odd := about("XC030")
	odd.Finding.Fingerprint, odd.Finding.Status = "other", "what"
	for name, c := range map[string]struct {
		before report.Message
		after  []report.Message
		state  string
	}{
		"gap of a bucket, read again":             {gapAt("arn:aws:s3:::b", "x"), []report.Message{bucket, covered}, "ARCHIVED"},
		"gap of an account, read again":           {gapAt(role, "x"), []report.Message{bucket, covered}, "ARCHIVED"},
		"gap of a bucket with another gap":        {gapAt("arn:aws:s3:::b", "x"), []report.Message{bucket, covered, gapAt("arn:aws:s3:::b", "w")}, "ACTIVE"},
		"gap of a bucket, another of its account": {gapAt("arn:aws:s3:::b", "x"), []report.Message{bucket, covered, gapAt(two, "w")}, "ACTIVE"},
		"gap of an account with another gap":      {gapAt(role, "x"), []report.Message{bucket, covered, gapAt(two, "w")}, "ACTIVE"},
		"gap, and the organization was not read":  {gapAt(role, "x"), []report.Message{bucket, covered, {Gap: &fact.Gap{Fact: "w"}}}, "ACTIVE"},
		"gap, and the coverage is not known":      {gapAt(role, "x"), []report.Message{bucket}, "ACTIVE"},
		"gap, and the run only probed":            {gapAt("arn:aws:s3:::b", "x"), []report.Message{bucket, covered, probe}, "ACTIVE"},
		"only a status that is not known":         {about("XC030"), []report.Message{odd, covered}, "ACTIVE"},
		"finding of a bucket that is gone":        {about("XC030"), []report.Message{found(two, "eu-central-1", "z", finding.Pass), covered}, "ACTIVE"},
		"expired waiver":                          {about(finding.WaiverExpired), []report.Message{bucket, covered}, "ACTIVE"},
		"unused waiver":                           {about(finding.WaiverUnused), []report.Message{bucket, covered}, "ACTIVE"},
		"proof, probed again":                     {about(finding.Proof), []report.Message{probe}, "ARCHIVED"},
		"proof, not probed":                       {about(finding.Proof), []report.Message{bucket, covered}, "ACTIVE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, all, _ := newImporter(t, false)
			if err := importRun(t.Context(), t, first, c.before); err != nil {
				t.Fatal(err)
			}
			home := all["999999999999 eu-west-1"]
			second, _, _ := newImporter(t, false)
			second.open = func(destination) api { return home.api() }
			if err := importRun(t.Context(), t, second, c.after...); err != nil {
				t.Fatal(err)
			}
			if got := string(home.findings[0].RecordState); got != c.state {
				t.Errorf("it is %s, want %s", got, c.state)
			}
		})
	}
}
