package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
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
			for _, f := range find(eval(t, e, working()).Findings, "ACME001") {
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
				return
			}
			t.Error("no finding")
		})
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
	} {
		if _, err := with(t, Options{}, ruleText("#   scope: link\n", "answers contains "+answer+" if some link in input.links")); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
