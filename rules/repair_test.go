package rules

import (
	"context"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/fix/surplus"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/scanner/fact"
)

// judgeOf is an engine as the judge of fixes.
func judgeOf(e *Engine) fix.Judge {
	return func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		r, err := e.Anew().Eval(ctx, doc)
		return r.Links, r.Findings, err
	}
}

// repaired finds the fixes of documents, and fails the test where one is not proven and
// nothing says why.
func repaired(t *testing.T, e *Engine, docs ...*fact.Document) finding.Repairs {
	t.Helper()
	r, err := fix.Find(t.Context(), docs, judgeOf(e))
	if err != nil {
		t.Fatal(err)
	}
	o := overlay.Of(r.Changes)
	for _, doc := range docs {
		after, _, err := o.Apply(doc)
		if err != nil {
			t.Fatal(err)
		}
		before, now := eval(t, e, doc), eval(t, e, after)
		for i, l := range now.Links {
			if l.Verdict == finding.UnknownVerdict && before.Links[i].Verdict == l.Verdict {
				continue
			}
			decided := slices.ContainsFunc(r.Decisions, func(d finding.Decision) bool { return d.Link == l.ID })
			rests := slices.ContainsFunc(r.Fixes, func(x finding.Fix) bool { return x.Link == l.ID && !x.Proven })
			if l.Verdict != finding.Works && !decided && !rests {
				t.Errorf("%s is %s after all changes, and nothing says why: %s", l.ID, l.Verdict, l.Why)
			}
		}
		for _, f := range now.Findings {
			if f.Status == finding.Fail && f.Severity != finding.Info && !slices.ContainsFunc(before.Findings, func(b finding.Finding) bool { return b.Fingerprint == f.Fingerprint && b.Status == finding.Fail }) {
				t.Errorf("%s fails after the changes and did not before: %s", f.RuleID, f.Message)
			}
		}
	}
	for _, c := range r.Changes {
		if before := policy.Parse(policy.Resource, "", []byte(c.Before), policy.Stored()); c.Kind.Document() {
			for i := range before.Compiled() {
				if s := &before.Compiled()[i]; s.Effect == statement.Deny && !strings.Contains(c.After, before.Written(s)) {
					t.Errorf("a statement that denies is not as it was: %s", before.Written(s))
				}
			}
		}
	}
	needless, err := surplus.Of(t.Context(), docs, r, judgeOf(e))
	if err != nil || len(needless) > 0 {
		t.Errorf("nothing needs %q, %v", needless, err)
	}
	return r
}

// Every world of a failure code is repaired, or a decision says why not.
func TestRepairCodeWorlds(t *testing.T) {
	t.Parallel()
	e := standard(t)
	for _, c := range codeWorlds {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := repaired(t, e, change(c.do))
			for _, x := range r.Changes {
				for _, y := range x.Edits {
					t.Logf("change: %s [%s]", y.Summary, y.Optional)
				}
			}
			for _, x := range r.Fixes {
				t.Logf("fix: %s → %s, proven %v", x.Before, x.After, x.Proven)
			}
			for _, x := range r.Decisions {
				t.Logf("decision: %s: %s", x.Target, x.Text)
			}
		})
	}
}

// A right that is allowed without the change, or that no link needs, is found.
func TestSurplus(t *testing.T) {
	t.Parallel()
	doc := working()
	after := replaced(dstPolicy, `"s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}`, `"s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"},
{"Sid":"More","Effect":"Allow","Principal":{"AWS":"`+roleARN+`"},"Action":["s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::dst/*"}`)
	c := finding.Change{
		Target: finding.Target{Kind: finding.BucketPolicy, Resource: "arn:aws:s3:::dst"}, Before: dstPolicy, After: after,
		Edits: []finding.Edit{{Operation: finding.AddStatement, Statement: -1, Sid: "More", Values: []string{"s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner"}}},
	}
	e := standard(t)
	got, err := surplus.Of(t.Context(), []*fact.Document{doc}, finding.Repairs{Changes: []finding.Change{c}}, judgeOf(e))
	if err != nil || len(got) != 2 {
		t.Errorf("found %q, %v", got, err)
	}
	c.Edits = []finding.Edit{{Operation: finding.AddAction, Statement: 0, Sid: "Replica", Element: "Action", Values: []string{"s3:ReplicateDelete"}}}
	c.After = dstPolicy
	if got, err = surplus.Of(t.Context(), []*fact.Document{doc}, finding.Repairs{Changes: []finding.Change{c}}, judgeOf(e)); err != nil || len(got) > 0 {
		t.Errorf("a right that is needed: %q, %v", got, err)
	}
}
