package fix

import (
	"cmp"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/rests"
)

// repairs are the changes, fixes and decisions as others see them.
func (f *finder) repairs() finding.Repairs {
	r := finding.Repairs{Changes: []finding.Change{}, Fixes: []finding.Fix{}, Decisions: []finding.Decision{}}
	plans := slices.DeleteFunc(f.all(), func(p *plan) bool { return len(p.steps) == 0 || p.after == p.before })
	for _, p := range plans {
		r.Changes = append(r.Changes, p.change())
	}
	for _, s := range f.subjects {
		for i := range s.now.links {
			if x, ok := fixOf(s, s.now.links[i].ID, plans, r.Changes); ok {
				r.Fixes = append(r.Fixes, x)
			}
		}
		s.now.matrices = nil // they are large
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		c.Proven = !slices.ContainsFunc(r.Fixes, func(x finding.Fix) bool { return !x.Proven && slices.Contains(x.Changes, i) })
		c.Rests = rests.Once(c.Rests)
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
		return cmp.Or(cmp.Compare(a.Link, b.Link), finding.CompareTargets(a.Target, b.Target), cmp.Compare(a.Text, b.Text))
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

// fixOf is the fix of a link; false where no change names it. The changes are those of the
// plans. Facts of the link that were not read are added to the gaps that the changes rest on.
func fixOf(s *subject, link string, plans []*plan, changes []finding.Change) (finding.Fix, bool) {
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
	var open []string
	for _, i := range x.Changes {
		open = append(open, s.restsOf(plans[i], link)...)
	}
	if now := linkOf(s.now, link); now != nil && slices.ContainsFunc(now.Classes, func(c finding.ClassVerdict) bool {
		return c.Counted && c.Verdict == finding.UnknownVerdict
	}) {
		for i := range s.now.findings {
			if y := &s.now.findings[i]; y.Status == finding.Unknown && y.Link == link {
				open = append(open, rests.OfFinding(y)...)
			}
		}
		x.Proven = false
	} else {
		x.Proven = len(open) == 0
	}
	for _, i := range x.Changes {
		changes[i].Rests = append(changes[i].Rests, open...)
	}
	return x, true
}

// restsOf lists the gaps that a plan rests on for a link, with all changes made: those of the
// cells of its rights, and those of the findings that it mends.
func (s *subject) restsOf(p *plan, link string) (list []string) {
	for _, x := range p.steps {
		for i := range x.rights {
			if r := &x.rights[i]; r.subject == s && r.want.link == link {
				for c := range r.want.grant.cells(s.now.matrixOf(link)) {
					list = append(list, rests.OfCell(c, r.want.grant.side)...)
				}
			}
		}
		for i := range s.now.findings {
			if y := &s.now.findings[i]; y.Status == finding.Unknown && y.Link == link && x.finds[y.Fingerprint] {
				list = append(list, rests.OfFinding(y)...)
			}
		}
	}
	return list
}
