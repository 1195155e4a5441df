package rules

import (
	"context"
	"slices"
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/overlay"
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
	o := overlay.Overlay{}
	for _, c := range r.Changes {
		o[c.Target] = c.After
	}
	for _, doc := range docs {
		after, _, err := o.Apply(doc)
		if err != nil {
			t.Fatal(err)
		}
		before, now := eval(t, e, doc), eval(t, e, after)
		for _, l := range now.Links {
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
	surplus, err := fix.Surplus(t.Context(), docs, r, judgeOf(e))
	if err != nil || len(surplus) > 0 {
		t.Errorf("nothing needs %q, %v", surplus, err)
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
