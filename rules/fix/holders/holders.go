// Package holders says which roles have a managed policy. It has one text, and who changes it
// changes what all of them may do.
package holders

import (
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/words"
	"crosscheck/scanner/fact"
)

// Roles are the ARNs of the roles that have a managed policy: as a policy, or as their
// permissions boundary.
type Roles struct{ attached, bounded map[string]bool }

// Of are the roles of documents by the ARNs of the managed policies that they have.
func Of(docs []*fact.Document) map[string]*Roles {
	all := map[string]*Roles{}
	of := func(arn string) *Roles {
		if all[arn] == nil {
			all[arn] = &Roles{map[string]bool{}, map[string]bool{}}
		}
		return all[arn]
	}
	for _, doc := range docs {
		for name, f := range doc.Roles {
			if f.Value == nil {
				continue
			}
			for _, p := range attached(f.Value) {
				of(p.ARN).attached[name] = true
			}
			if p := f.Value.Boundary.Value; p != nil && p.ARN != "" {
				of(p.ARN).bounded[name] = true
			}
		}
	}
	return all
}

// attached are the managed policies of a role.
func attached(role *fact.Role) []fact.Policy {
	if role.Attached.Value == nil {
		return nil
	}
	return *role.Attached.Value
}

// Beside reports whether another role than the one with the ARN has the policy.
func (r *Roles) Beside(role string) bool {
	for _, list := range []map[string]bool{r.attached, r.bounded} {
		for arn := range list {
			if arn != role {
				return true
			}
		}
	}
	return false
}

// Called names the policy, with the roles that have it.
func (r *Roles) Called(t finding.Target) string {
	names := func(arns map[string]bool) []string {
		list := slices.Sorted(maps.Keys(arns))
		for i, arn := range list {
			list[i] = arn[strings.LastIndexByte(arn, '/')+1:]
		}
		return list
	}
	return words.Managed(t, names(r.attached), names(r.bounded))
}

// Policies are the ARNs of the managed policies of a role that its account can change, its
// boundary among them.
func Policies(role *fact.Role) (arns []string) {
	list := attached(role)
	if p := role.Boundary.Value; p != nil {
		list = append(slices.Clip(list), *p)
	}
	for _, p := range list {
		if p.ARN != "" && !OfAWS(p.ARN) {
			arns = append(arns, p.ARN)
		}
	}
	return arns
}

// Target is the target of a policy of a role: that of the policy itself where it is managed,
// as other roles may have it too.
func Target(ofRole finding.Target, p *fact.Policy) finding.Target {
	if p.ARN != "" {
		return finding.Managed(p.ARN)
	}
	return ofRole
}

// OfAWS reports whether AWS manages a policy, so that no customer can change it.
func OfAWS(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }
