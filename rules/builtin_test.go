package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// TestResults: what the functions for answers make of their arguments.
func TestResults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope, answer string
		want          finding.Finding // some fields of it
	}{
		"pass":           {ScopeLink, `crosscheck.pass(link, "m")`, finding.Finding{Status: finding.Pass, Message: "m", Link: "src/all→dst"}},
		"not applicable": {ScopeLink, `crosscheck.not_applicable(link, "m")`, finding.Finding{Status: finding.NotApplicable, Message: "m", Link: "src/all→dst"}},
		"fail": {ScopeLink, `crosscheck.fail(link, "m", {"failure_codes": ["DstBucketUnversioned"], "evidence": {"a": "b"}, "remediation": "r", "severity": "high"})`,
			finding.Finding{Status: finding.Fail, Message: "m", Link: "src/all→dst", Severity: finding.High, FailureCodes: []string{"DstBucketUnversioned"}, Evidence: map[string]any{"a": "b"}, Remediation: "r"}},
		"unknown":  {ScopeLink, `crosscheck.unknown(link, "m", {})`, finding.Finding{Status: finding.Unknown, Message: "m", Link: "src/all→dst"}},
		"a bucket": {ScopeSource, `crosscheck.pass(input.bucket, link.id)`, finding.Finding{Status: finding.Pass, Message: "src/all→dst"}},
		// The function has the last word on whom and what an answer is about.
		"not overruled": {ScopeLink, `crosscheck.fail(link, "m", {"status": "pass", "link": "x", "message": "y"})`, finding.Finding{Status: finding.Fail, Message: "m", Link: "src/all→dst"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := with(t, Options{}, ruleText("#   scope: "+c.scope+"\n", "answers contains "+c.answer+" if some link in input.links"))
			if err != nil {
				t.Fatal(err)
			}
			found := find(eval(t, e, working()).Findings, "ACME001")
			if len(found) == 0 {
				t.Fatal("no finding")
			}
			f := found[0]
			got := finding.Finding{Status: f.Status, Message: f.Message, Link: f.Link, Remediation: f.Remediation}
			if c.want.Severity != "" {
				got.Severity = f.Severity
			}
			if len(f.FailureCodes) > 0 {
				got.FailureCodes = f.FailureCodes
			}
			if len(f.Evidence) > 0 {
				got.Evidence = f.Evidence
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestResultOfFaults: one body that finds faults gives every answer.
func TestResultOfFaults(t *testing.T) {
	t.Parallel()
	for faults, want := range map[string][]finding.Finding{
		`[]`:                                 {{Status: finding.Pass, Message: "good"}},
		`{f | false; f := {"message": "m"}}`: {{Status: finding.Pass, Message: "good"}},
		`[{"message": "m"}]`:                 {{Status: finding.Fail, Message: "m"}},
		`{{"message": "m", "key": "1", "remediation": "r"}, {"message": "n", "key": "2"}}`: {
			{Status: finding.Fail, Message: "m", Remediation: "r"}, {Status: finding.Fail, Message: "n"}},
		`[{"message": "m", "status": "pass"}]`: {{Status: finding.Fail, Message: "m"}},
		`[{"mesage": "m"}]`:                    {{Status: finding.Unknown, Message: "the rule could not be evaluated: user0.rego:10: eval_builtin_error: crosscheck.result: a fault is an object with a message"}},
	} {
		body := `answers contains answer if { some link in input.links; some answer in crosscheck.result(link, ` + faults + `, "good") }`
		e, err := with(t, Options{}, ruleText("#   scope: link\n", body))
		if err != nil {
			t.Fatal(err)
		}
		var got []finding.Finding
		for _, f := range find(eval(t, e, working()).Findings, "ACME001") {
			got = append(got, finding.Finding{Status: f.Status, Message: f.Message, Remediation: f.Remediation})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", faults, diff)
		}
	}
}

// TestValue: a fact that was not read has no value, and a rule that asks for it no answer.
func TestValue(t *testing.T) {
	t.Parallel()
	e, err := with(t, Options{}, ruleText("#   scope: bucket\n", `answers contains crosscheck.pass(input.bucket, v) if v := crosscheck.value(input.bucket.ownership, "not set")`))
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]fact.Fact[string]{
		"ObjectWriter":                           fact.Of("ObjectWriter"),
		"not set":                                fact.None[string](),
		"the rule has no case for what was read": fact.Missing[string](gap("bucket.ownership", "AccessDenied")),
	} {
		got := find(eval(t, e, change(func(w *world) { w.Bucket.Ownership = f })).Findings, "ACME001")
		if len(got) != 1 || got[0].Message != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	none := find(eval(t, e, change(func(w *world) { w.Bucket.Ownership = fact.Fact[string]{} })).Findings, "ACME001")
	if len(none) != 1 || none[0].Status != finding.Unknown {
		t.Errorf("a fact that nothing was said of: %+v", none)
	}
}

// TestSilence: a rule that has no answer although its facts were read names them.
func TestSilence(t *testing.T) {
	t.Parallel()
	for meta, want := range map[string]string{
		"":                                "the rule has no case for what was read",
		"#   needs: [bucket.ownership]\n": "the rule has no case for what was read of bucket.ownership: it is empty or has a value that the rule does not know",
		"#   needs: [bucket.ownership]\n#   uses: [bucket.policy]\n": "the rule has no case for what was read of bucket.ownership, bucket.policy: one of them is empty or has a value that the rule does not know",
	} {
		e, err := with(t, Options{}, ruleText("#   scope: bucket\n"+meta, `answers contains crosscheck.pass(input.bucket, "m") if input.bucket.ownership.value == "New"`))
		if err != nil {
			t.Fatal(err)
		}
		got := find(eval(t, e, change(func(w *world) { w.Bucket.Ownership = fact.Of("ObjectWriter") })).Findings, "ACME001")
		if len(got) != 1 || got[0].Status != finding.Unknown || got[0].Message != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
}

// TestSilenceOfAnOrganization: a rule over the organization that has no answer at the end
// about a bucket that it recorded is unknown there.
func TestSilenceOfAnOrganization(t *testing.T) {
	t.Parallel()
	e, err := with(t, Options{}, ruleText("#   scope: organization\n#   needs: [bucket.ownership]\n", `
records contains {
	"subject": true, "account_id": input.bucket.account_id, "region": input.bucket.region,
	"bucket": input.bucket.name, "arn": input.bucket.arn,
} if input.bucket.ownership.value != "x"
answers contains crosscheck.pass(r, "m") if {
	some r in crosscheck.records("ACME001")
	r.bucket == "another"
}`))
	if err != nil {
		t.Fatal(err)
	}
	eval(t, e, change(func(w *world) { w.Bucket.Ownership = fact.Of("ObjectWriter") }))
	all, err := e.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := find(all, "ACME001")
	want := "the rule has no case for what was read of bucket.ownership: it is empty or has a value that the rule does not know"
	if len(got) != 1 || got[0].Status != finding.Unknown || got[0].Message != want {
		t.Errorf("%+v, want %s", got, want)
	}
}

// TestResultsRefuse: arguments of other types are errors when the rules are compiled.
func TestResultsRefuse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a subject that is text": `crosscheck.pass(link.id, "m")`,
		"a message that is none": `crosscheck.pass(link, 1)`,
		"nothing more":           `crosscheck.fail(link, "m")`,
		"more that is text":      `crosscheck.fail(link, "m", "DstBucketUnversioned")`,
		"more of a pass":         `crosscheck.pass(link, "m", {})`,
		"one fault":              `crosscheck.result(link, {"message": "m"}, "good")`,
		"faults that are text":   `crosscheck.result(link, ["m"], "good")`,
		"a fact's value":         `crosscheck.pass(link, crosscheck.value("x", "y"))`,
	} {
		if _, err := with(t, Options{}, ruleText("#   scope: link\n", "answers contains "+answer+" if some link in input.links")); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
