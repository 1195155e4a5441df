package rules

import (
	"testing"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// TestNotUnderstood: no link works by a policy, or in spite of one, that has what policies are not
// known to have.
func TestNotUnderstood(t *testing.T) {
	t.Parallel()
	e := standard(t)
	const version, effect = `"Version":"2012-10-17"`, `"Effect":`
	spoils := []struct{ name, old, now string }{
		{"dashes", version, `"Version":"2012–10–17"`},
		{"a new version", version, `"Version":"2027-01-01"`},
		{"an element of the document", version, version + `,"Until":"2027"`},
		{"an element of a statement", effect, `"Until":"2027","Effect":`},
		{"an effect", `"Allow"`, `"Permit"`},
		{"an operator", effect, `"Condition":{"StringResembles":{"aws:PrincipalTag/x":"y"}},"Effect":`},
	}
	const deny = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:Replicate*","Resource":"*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	for _, s := range spoils {
		spoilt := func(document string) string { return replaced(document, s.old, s.now) }
		for place, do := range map[string]func(*world){
			"role": func(w *world) { w.role(func(r *fact.Role) { (*r.Inline.Value)[0].Document = spoilt(rolePolicy) }) },
			"trust": func(w *world) {
				w.role(func(r *fact.Role) { r.Trust.Document = spoilt(replaced(trustPolicy, `,"Condition":{}`, "")) })
			},
			"boundary": func(w *world) {
				w.role(func(r *fact.Role) { r.Boundary = fact.Of(fact.Policy{Name: "b", Document: spoilt(fullAccess)}) })
			},
			"destination": func(w *world) {
				w.dst(func(b *fact.Bucket) { b.Policy = fact.Of(fact.Policy{Name: "dst", Document: spoilt(dstPolicy)}) })
			},
			"SCP": func(w *world) {
				w.account(account1, func(a *fact.Account) { (*a.SCPs.Value)[0].Policies[0].Document = spoilt(fullAccess) })
			},
			"another policy of the role": func(w *world) {
				w.role(func(r *fact.Role) {
					*r.Inline.Value = append(*r.Inline.Value, fact.Policy{Name: "deny", Document: spoilt(deny)})
				})
			},
		} {
			for _, l := range eval(t, e, change(do)).Links {
				t.Logf("%s, %s: %s", s.name, place, l.Verdict)
				if l.Verdict == finding.Works {
					t.Errorf("%s of the policy of %s is not understood, and the link works", s.name, place)
				}
			}
		}
	}
}
