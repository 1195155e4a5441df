package prove

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
)

// link is a link of which the audit predicts a verdict and failure codes.
func link(verdict finding.Verdict, codes ...string) finding.Link {
	return finding.Link{
		ID: "src/r→dst", RuleID: "r", Verdict: verdict, FailureCodes: codes,
		Source:      finding.End{AccountID: "111111111111", Region: "us-east-1", Bucket: "src"},
		Destination: finding.End{AccountID: "333333333333", Region: "eu-west-1", Bucket: "dst"},
	}
}

// probes are measurements of [link], one for each "variant outcome [message]".
func probes(texts ...string) []measure.Measurement {
	var ms []measure.Measurement
	for _, text := range texts {
		fields := append(strings.SplitN(text, " ", 3), "")
		ms = append(ms, measure.Measurement{
			Link: "src/r→dst", Variant: fields[0], Outcome: measure.Outcome(fields[1]), Message: fields[2],
		})
	}
	return ms
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		link    finding.Link
		probes  []string
		audited bool
		want    string // id, status, severity and title; "" = no finding
		message string // part of the message
	}{
		{"works as predicted", link(finding.Works), []string{"plain arrived", "negative-control absent"}, false, "", ""},
		{"works, not audited", link(""), []string{"plain arrived"}, false, "", ""},
		{"works, unknown to the audit", link(finding.UnknownVerdict), []string{"plain arrived"}, false, "", ""},
		{"works against the prediction", link(finding.Broken, "DstPutObjectNotPermitted"), []string{"plain arrived"}, true,
			"XC901 fail high Predicted broken, proven to work", "is broken (DstPutObjectNotPermitted), and"},
		{"works against a prediction without codes", link(finding.Broken), []string{"plain arrived"}, true,
			"XC901 fail high Predicted broken, proven to work", ""},
		{"broken against the prediction", link(finding.Works), []string{"plain failed no luck", "tagged arrived"}, true,
			"XC901 fail high Predicted to work, proven broken", "it does not: plain: FAILED (no luck)"},
		{"broken as predicted, beside the audit", link(finding.Broken, "X"), []string{"plain timeout"}, true, "", ""},
		{"broken as predicted, alone", link(finding.Broken, "X"), []string{"plain timeout"}, false,
			"XC902 fail high Proven broken", "is broken: plain: TIMEOUT"},
		{"broken, unknown to the audit", link(finding.UnknownVerdict), []string{"plain differs"}, true,
			"XC902 fail high Proven broken", "plain: DIFFERS"},
		{"broken, not audited", link(""), []string{"negative-control unexpected"}, false,
			"XC902 fail high Proven broken", "negative-control: UNEXPECTED"},
		{"a failure outweighs what is not decided", link(""), []string{"plain inconclusive", "kms failed"}, false,
			"XC902 fail high Proven broken", "is broken: kms: FAILED"},
		{"not decided", link(finding.Works), []string{"plain inconclusive denied"}, true,
			"XC902 unknown medium Not proven", "this link: plain: INCONCLUSIVE (denied)"},
		{"not all decided", link(finding.Works), []string{"plain arrived", "kms inconclusive"}, true,
			"XC902 unknown medium Not proven", "this link: kms: INCONCLUSIVE"},
		{"three reasons", link(""), []string{"a failed", "b timeout", "c failed", "a failed"}, false,
			"XC902 fail high Proven broken", "is broken: a, c: FAILED; b: TIMEOUT"},
		{"many reasons", link(""), []string{"a failed", "a failed", "b timeout", "c differs", "d unexpected"}, false,
			"XC902 fail high Proven broken", "a: FAILED; b: TIMEOUT; c: DIFFERS; and 1 more"},
	} {
		got, message := "", ""
		for _, f := range Findings([]finding.Link{test.link}, probes(test.probes...), Options{Audited: test.audited}) {
			got += fmt.Sprintf("%s %s %s %s", f.RuleID, f.Status, f.Severity, f.Title)
			message = f.Message
			if f.Remediation == "" {
				t.Errorf("%s: no remediation", test.name)
			}
			if f.Status == finding.Fail && f.Title != "Predicted to work, proven broken" &&
				!slices.Equal(f.FailureCodes, test.link.FailureCodes) {
				t.Errorf("%s: failure codes %v", test.name, f.FailureCodes)
			}
		}
		if got != test.want || !strings.Contains(message, test.message) || strings.HasSuffix(message, " more") != (test.name == "many reasons") {
			t.Errorf("%s: %q: %s\nwant %q: %s", test.name, got, message, test.want, test.message)
		}
	}
}

// TestClasses: a probe is compared with the class of objects that it belongs to.
func TestClasses(t *testing.T) {
	t.Parallel()
	with := func(verdicts ...string) finding.Link { // "class verdict [code]"
		l := link("")
		for _, text := range verdicts {
			fields := strings.Fields(text)
			l.Classes = append(l.Classes, finding.ClassVerdict{
				Class: finding.Class(fields[0]), Verdict: finding.Verdict(fields[1]), FailureCodes: fields[2:], Counted: fields[0] != "annotated",
			})
		}
		l.Verdict = finding.LinkVerdict(l.Classes)
		return l
	}
	const (
		works  = "XC901 fail Predicted to work, proven broken"
		broken = "XC901 fail Predicted broken, proven to work"
		proven = "XC902 fail Proven broken"
	)
	keyGone := with("default works", "sse-kms broken DstKmsKeyNotFound", "dsse broken DstKmsKeyNotFound", "tagged works", "delete-marker works")
	for _, test := range []struct {
		name    string
		link    finding.Link
		probes  string
		want    string
		message string
	}{
		{"plain object, key gone", keyGone, "plain arrived, tagged arrived, delete-marker arrived, negative-control absent", "", ""},
		{"KMS object, key gone", keyGone, "plain arrived, kms failed", "", ""},
		{"KMS object arrives, key gone", keyGone, "plain arrived, kms arrived", broken,
			"objects written with SSE-KMS of this link fail (DstKmsKeyNotFound), and the canary proves that they arrive"},
		{"plain object fails, key gone", keyGone, "plain failed, kms failed", works, "this link works, and the canary proves that it does not: plain: FAILED"},
		{"KMS by default", with("default broken X", "sse-s3 works"), "kms arrived", broken, "this link is broken (X)"},
		{"KMS by default, as predicted", with("default broken X", "sse-s3 works"), "kms failed", "", ""},
		{"KMS is not taken", with("default works", "tagged works"), "plain arrived, kms timeout", "", ""},
		{"tags denied", with("default works", "tagged broken DstPutTaggingNotPermitted"), "plain arrived, tagged differs", "", ""},
		{"tags denied, and arrive", with("default works", "tagged broken DstPutTaggingNotPermitted"), "plain arrived, tag-change arrived", broken, "tagged objects of this link fail"},
		{"tags allowed, and lost", with("default works", "tagged works"), "plain arrived, tagged differs", works,
			"tagged objects of this link arrive, and the canary proves that they do not: tagged: DIFFERS"},
		{"tags not known, and lost", with("default works", "tagged unknown"), "plain arrived, tagged differs", proven, "tagged objects of this link fail: tagged: DIFFERS"},
		{"no delete markers", with("default works", "delete-marker broken DstDelObjNotPermitted"), "delete-marker timeout", "", ""},
		{"delete markers are not promised", with("default works"), "delete-marker unexpected", works, ""},
		{"locked objects have no probe", with("default works", "locked broken DstBucketObjectLockConfigMissing"), "plain arrived, tagged arrived", "", ""},
		{"some keys fail", with("default partial DstPutObjectNotPermitted"), "plain arrived", "", ""},
		{"some keys fail, this too", with("default partial DstPutObjectNotPermitted"), "plain failed", "", ""},
		{"nothing goes where no rule is", with("default broken X"), "negative-control absent", "", ""},
		{"something does", with("default works"), "negative-control unexpected", works, ""},
	} {
		got, message := "", ""
		for _, f := range Findings([]finding.Link{test.link}, probes(strings.Split(test.probes, ", ")...), Options{Audited: true}) {
			got, message = strings.TrimSpace(got+" "+fmt.Sprintf("%s %s %s", f.RuleID, f.Status, f.Title)), f.Message
		}
		if got != test.want || !strings.Contains(message, test.message) {
			t.Errorf("%s: %q: %s\nwant %q: %s", test.name, got, message, test.want, test.message)
		}
	}
}

func TestObjective(t *testing.T) {
	t.Parallel()
	series := func(missed int, latencies ...int64) []measure.Measurement {
		ms := probes(slices.Repeat([]string{"plain timeout"}, missed)...)
		for _, ms1 := range latencies {
			ms = append(ms, measure.Measurement{Link: "src/r→dst", Variant: "plain", Outcome: measure.Arrived, LatencyMS: ms1})
		}
		return ms
	}
	for _, test := range []struct {
		name       string
		ms         []measure.Measurement
		percentile float64
		status     finding.Status
		message    string
	}{
		{"met to the millisecond", series(0, 900, 1000), 100, finding.Pass,
			"the p100 of the latency is 1s, within the objective of 1s: p50 900ms, max 1s (2 samples)"},
		{"missed by a millisecond", series(0, 900, 1001), 100, finding.Fail,
			"the p100 of the latency is 1.001s, more than the objective of 1s: p50 900ms, max 1.001s (2 samples)"},
		{"a probe that never arrived", series(1, 900), 100, finding.Fail,
			"the p100 of the latency is never, more than the objective of 1s: p50 900ms, max never (2 samples)"},
		{"too few samples", series(0, 1), 99, finding.Unknown, "1 samples carry no p99; it takes 100 (--count)"},
	} {
		found := Findings([]finding.Link{link(finding.Broken)}, test.ms, Options{Audited: true, Latency: time.Second, Percentile: test.percentile})
		f := found[len(found)-1]
		if f.RuleID != finding.Objective || f.Status != test.status || f.Severity != finding.Medium || f.Message != test.message {
			t.Errorf("%s: %s %s: %s", test.name, f.RuleID, f.Status, f.Message)
		}
	}
	found := Findings([]finding.Link{link(finding.Works)}, series(0, 5, 7), Options{Latency: time.Second, Percentile: 50})
	want := map[string]any{"samples": 2, "missed": 0, "slo_ms": int64(1000), "slo_percentile": 50.0, "p50_ms": int64(5), "max_ms": int64(7)}
	if d := cmp.Diff(want, found[0].Evidence); d != "" {
		t.Error(d)
	}
}

func TestLeftBehind(t *testing.T) {
	t.Parallel()
	ms := probes("plain arrived")
	for n := range 4 {
		ms[0].Leftovers = append(ms[0].Leftovers,
			measure.Leftover{Bucket: "dst", Key: "k", VersionID: fmt.Sprint("v", n), Message: "denied"})
	}
	ms[0].Leftovers[3].VersionID = ""
	found := Findings([]finding.Link{link(finding.Works)}, ms, Options{})
	if len(found) != 1 || found[0].RuleID != finding.LeftBehind || found[0].Status != finding.Fail || found[0].Severity != finding.High {
		t.Fatalf("%+v", found)
	}
	const message = "4 versions of probes could not be removed: s3://dst/k v0: denied; s3://dst/k v1: denied; s3://dst/k v2: denied"
	if found[0].Message != message {
		t.Error(found[0].Message)
	}
	want := []string{"s3://dst/k v0: denied", "s3://dst/k v1: denied", "s3://dst/k v2: denied", "s3://dst/k: denied"}
	if d := cmp.Diff(want, found[0].Evidence["left"]); d != "" {
		t.Error(d)
	}
}

// TestWhere names the source bucket, in its own partition, and keeps the links apart.
func TestWhere(t *testing.T) {
	t.Parallel()
	one, other, unprobed := link(finding.Works), link(finding.Works), link(finding.Works)
	one.Source.Region = "cn-north-1"
	other.ID, other.RuleID = "src/s→dst", "s"
	unprobed.ID = "src/t→dst"
	ms := probes("plain failed", "plain failed")
	ms[1].Link = other.ID
	found := Findings([]finding.Link{one, unprobed, other}, ms, Options{})
	if len(found) != 2 || found[0].Link != one.ID || found[1].Link != other.ID {
		t.Fatalf("%+v", found)
	}
	f := found[0]
	if f.AccountID != "111111111111" || f.Region != "cn-north-1" || f.Resource != "arn:aws-cn:s3:::src" {
		t.Errorf("%s %s %s", f.AccountID, f.Region, f.Resource)
	}
	if f.Fingerprint == found[1].Fingerprint || len(f.Fingerprint) != 32 {
		t.Errorf("fingerprints %s, %s", f.Fingerprint, found[1].Fingerprint)
	}
}
