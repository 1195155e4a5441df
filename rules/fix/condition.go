package fix

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam"
)

// guarded reports whether a statement would give the right to its role but for a condition that
// protects, and says so. Of a condition that does not, new statements say that it stays.
func (t *trial) guarded(target finding.Target) bool {
	targets := []finding.Target{target}
	if bound := t.boundary(); t.Kind == finding.RolePolicy && (bound == nil || *bound != target) {
		targets = slices.Concat(t.identities())
	}
	t.grant.beside = ""
	for _, x := range targets {
		p := t.planOf(t.subject, x)
		if p == nil || p.after == "" {
			continue
		}
		infos, _ := t.statements(p)
		for i := range infos {
			n := t.near(&infos[i])
			if !n.Kept(n.needed()) {
				continue
			}
			var all []string
			fails, protects := false, false
			for _, c := range n.Conditions {
				all = append(all, strings.Join(slices.Concat([]string{c.Operator, c.Key}, c.Values), " "))
				if n.Concerns(c.Key) && !t.holds(target, policytext.Condition(c)) {
					fails, protects = true, protects || near.Protects(c.Key)
				}
			}
			what := fmt.Sprintf("%s allows it only where %s", words.Statement(x, n.Sid, n.Index), words.Listed(all))
			switch {
			case protects:
				t.guard = what + ", which does not hold; who wrote that decides whether it is to change, and nothing is added beside it"
				return true
			case fails:
				t.grant.beside = what + ", which does not hold and stays"
			}
		}
	}
	return false
}

// holds reports whether the right would be given by a statement with one condition.
func (t *trial) holds(target finding.Target, c policytext.Condition) bool {
	g := *t.grant
	g.conditions = append(slices.Clone(g.conditions), c)
	p, full := t.planOf(t.subject, target), t.full
	undo, ok := t.try(target, want{grant: &g})
	t.full, p.full = full, ""
	if !ok {
		return false
	}
	defer undo()
	r := t.result(t.subject, t.want)
	return r == iam.Allowed || r == t.enough
}
