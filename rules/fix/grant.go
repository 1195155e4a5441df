package fix

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/permission/demand"
)

// grant is a right that a policy must give.
type grant struct {
	need                            // what it is for
	words      string               // what is wrong without it, and what would mend it
	principal  policytext.Principal // whom; the zero value in a policy of a role
	action     string
	resource   string // ARN or pattern; "*" in the policy of a key, "" in a trust policy
	conditions []policytext.Condition
	sid        string // of a new statement of such rights
	beside     string // a remark about the condition of an existing statement
}

// key is the same of two grants of the same right.
func (g *grant) key() string {
	return fmt.Sprintf("~%s\x00%v\x00%v\x00%s\x00%s", g.sid, g.principal, g.conditions, g.resource, g.action) // after all edits
}

// together reports whether two rights go into one statement.
func (g *grant) together(b *grant) bool {
	return g.sid == b.sid && g.principal == b.principal && fmt.Sprint(g.conditions) == fmt.Sprint(b.conditions)
}

// statements are the rights as few statements, that give no other right. Their Sids are not
// among those that are taken.
func statements(rights []*step, taken []string) []policytext.Statement {
	taken = slices.Clone(taken)
	var out []policytext.Statement
	for len(rights) > 0 {
		first := rights[0].grant
		actions := map[string][]string{} // by resource
		var others []*step
		for _, r := range rights {
			if !r.together(first) {
				others = append(others, r)
			} else if !slices.Contains(actions[r.resource], r.action) {
				actions[r.resource] = append(actions[r.resource], r.action)
			}
		}
		rights = others
		resources := map[string][]string{} // by actions
		for _, r := range slices.Sorted(maps.Keys(actions)) {
			list := actions[r]
			slices.SortFunc(list, demand.CompareActions)
			resources[strings.Join(list, "\n")] = append(resources[strings.Join(list, "\n")], r)
		}
		for _, list := range slices.Sorted(maps.Keys(resources)) {
			s := policytext.Statement{Sid: policytext.Free(first.sid, taken), Actions: strings.Split(list, "\n"), Conditions: first.conditions}
			if on := resources[list]; on[0] != "" {
				s.Resources = on
			}
			if first.principal != (policytext.Principal{}) {
				s.Principals = []policytext.Principal{first.principal}
			}
			if !policytext.Joined(out, &s, first.sid) {
				taken = append(taken, s.Sid)
				out = append(out, s)
			}
		}
	}
	return out
}

// gives reports whether a new statement gives the right.
func (g *grant) gives(s *policytext.Statement) bool {
	by := g.principal == (policytext.Principal{}) || slices.Contains(s.Principals, g.principal)
	on := g.resource == "" || slices.Contains(s.Resources, g.resource)
	return by && on && slices.Contains(s.Actions, g.action) && fmt.Sprint(g.conditions) == fmt.Sprint(s.Conditions)
}

// editsOf is a new statement of the plan as an edit, and its actions that are optional as
// others, one for each reason.
func (p *plan) editsOf(s *policytext.Statement) (list []finding.Edit) {
	reason := map[string]string{} // why an action is optional
	finds := map[string]map[string]bool{}
	var beside []string
	for _, x := range p.steps {
		if x.grant == nil || !x.gives(s) {
			continue
		}
		if x.grant.beside != "" && !slices.Contains(beside, x.grant.beside) {
			beside = append(beside, x.grant.beside)
		}
		if why, ok := reason[x.action]; !ok || why != "" {
			reason[x.action] = x.optional
		}
		if finds[reason[x.action]] == nil {
			finds[reason[x.action]] = map[string]bool{}
		}
		maps.Copy(finds[reason[x.action]], x.finds)
	}
	reasons := slices.Compact(slices.Sorted(maps.Values(reason))) // those that are needed first
	for i, why := range reasons {
		e := finding.Edit{Operation: finding.AddStatement, Statement: -1, Sid: s.Sid, Optional: why, Findings: finding.NotNil(slices.Sorted(maps.Keys(finds[why])))}
		for _, a := range s.Actions {
			if reason[a] == why {
				e.Values = append(e.Values, a)
			}
		}
		right := words.ToWhom(s) + words.Listed(e.Values) + words.OnWhat(s)
		e.Summary = fmt.Sprintf("add statement %s to %s: allow %s", s.Sid, p.called(), right)
		switch {
		case i > 0:
			e.Operation, e.Element = finding.AddAction, "Action"
			e.Summary = fmt.Sprintf("add %s to the new statement %s of %s", words.Listed(e.Values), s.Sid, p.called())
		case p.before == "":
			e.Operation = finding.CreateDocument
			e.Summary = fmt.Sprintf("create %s with statement %s: allow %s", p.called(), s.Sid, right)
		}
		e.Summary = strings.Join(append([]string{e.Summary}, beside...), "; ")
		list, beside = append(list, e), nil
	}
	return list
}
