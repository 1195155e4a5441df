package fix

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
)

// repairs are the changes, fixes and decisions as others see them.
func (f *finder) repairs() finding.Repairs {
	r := finding.Repairs{Changes: []finding.Change{}, Fixes: []finding.Fix{}, Decisions: []finding.Decision{}}
	for _, p := range f.plans {
		if len(p.steps) > 0 && p.after != p.before {
			r.Changes = append(r.Changes, p.change())
		}
	}
	slices.SortFunc(r.Changes, func(a, b finding.Change) int { return compareTargets(a.Target, b.Target) })
	for _, s := range f.subjects {
		for i := range s.now.links {
			if x, ok := fixOf(s, s.now.links[i].ID, r.Changes); ok {
				r.Fixes = append(r.Fixes, x)
			}
		}
	}
	for i := range r.Changes {
		r.Changes[i].Proven = !slices.ContainsFunc(r.Fixes, func(x finding.Fix) bool { return !x.Proven && slices.Contains(x.Changes, i) })
	}
	for _, s := range f.subjects {
		s.explain()
		for _, list := range []decisions{s.open, s.unproven} {
			for _, d := range list {
				r.Decisions = append(r.Decisions, *d)
			}
		}
	}
	slices.SortFunc(r.Decisions, func(a, b finding.Decision) int {
		return cmp.Or(cmp.Compare(a.Link, b.Link), compareTargets(a.Target, b.Target), cmp.Compare(a.Text, b.Text))
	})
	return r
}

// explain leaves a decision for each link that still fails and has none.
func (s *subject) explain() {
	said := map[string]bool{}
	for _, list := range []decisions{s.open, s.unproven} {
		for k := range list {
			said[k.link] = true
		}
	}
	for _, l := range s.now.links {
		if !l.Verdict.Fails() || said[l.ID] {
			continue
		}
		text, prints := l.Why, []string{}
		for _, x := range s.now.findings {
			if x.Link == l.ID && x.Status == finding.Fail && strings.HasSuffix(l.Why, x.Message) {
				prints = append(prints, x.Fingerprint)
				if x.Remediation != "" && len(prints) == 1 {
					text += "; to mend it, " + x.Remediation
				}
			}
		}
		s.open.add(finding.Target{}, l.ID, text, prints...)
	}
}

// fixOf says what becomes of a link; false where no change names it.
func fixOf(s *subject, link string, changes []finding.Change) (finding.Fix, bool) {
	x := finding.Fix{Link: link}
	for i := range changes {
		if slices.Contains(changes[i].Links, link) {
			x.Changes = append(x.Changes, i)
		}
	}
	if x.Changes == nil {
		return x, false
	}
	x.Before, x.After = s.before.verdict(link), s.now.verdict(link)
	x.Proven = true
	var rests []string
	if now := linkOf(s.now, link); now != nil {
		for _, c := range now.Classes {
			if c.Counted && c.Verdict == finding.UnknownVerdict {
				x.Proven = false
			}
		}
	}
	if !x.Proven {
		for _, y := range s.now.findings {
			if y.Status == finding.Unknown && y.Link == link {
				rests = append(rests, y.Message)
			}
		}
	}
	for _, i := range x.Changes {
		all := map[string]bool{}
		for _, r := range slices.Concat(changes[i].Rests, rests) {
			all[r] = true
		}
		changes[i].Rests = finding.NotNil(slices.Sorted(maps.Keys(all)))
	}
	return x, true
}

// order is that in which AWS accepts changes: a role with its trust, then what names it, then
// settings, then the configuration that needs all of them.
var order = map[finding.Kind]int{
	finding.TrustPolicy: 1, finding.RolePolicy: 2, finding.Boundary: 3,
	finding.BucketPolicy: 4, finding.KeyPolicy: 5,
	finding.KeyState: 6, finding.Versioning: 7, finding.ObjectLock: 8, finding.Ownership: 9, finding.RequestPayment: 10,
	finding.Replication: 11,
}

func compareTargets(a, b finding.Target) int {
	return cmp.Or(
		cmp.Compare(order[a.Kind], order[b.Kind]), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.Region, b.Region),
		cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Policy, b.Policy))
}
