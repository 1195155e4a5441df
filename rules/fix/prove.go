package fix

import (
	"context"
	"slices"

	"crosscheck/rules/finding"
)

// prove judges every document with all changes, and takes those out that do not mend what
// they are for, or that make something worse.
func (f *finder) prove(ctx context.Context) error {
	for {
		for _, s := range f.subjects {
			if !s.stale {
				continue
			}
			if err := f.look(ctx, s); err != nil {
				return err
			}
		}
		bad := f.faulty()
		if len(bad) == 0 {
			return nil
		}
		f.takeOut(bad)
	}
}

// fault is why the changes for a link are not printed.
type fault struct {
	subject   *subject
	link, why string
}

// faulty are the links that a change names for which there is no proof.
func (f *finder) faulty() (list []fault) {
	for _, s := range f.subjects {
		for i := range s.now.links {
			link := s.now.links[i].ID
			if f.refused[link] || !f.concerns(s, link) {
				list = append(list, f.harmed(s, link)...)
				continue
			}
			if why := f.worse(s, link); why != "" {
				list = append(list, fault{s, link, why})
			}
		}
	}
	return list
}

// concerns reports whether a change was made for a link.
func (f *finder) concerns(s *subject, link string) bool {
	for t, p := range f.plans {
		if _, ok := slices.BinarySearch(s.resources, t.Resource); ok && slices.ContainsFunc(p.steps, func(x *step) bool { return x.links[link] }) {
			return true
		}
	}
	return false
}

// worse says what the changes do not mend of a link, or make worse; "" for nothing.
func (f *finder) worse(s *subject, link string) string {
	failed := map[string]bool{}
	for _, x := range s.before.findings {
		failed[x.Fingerprint] = failed[x.Fingerprint] || x.Status == finding.Fail
	}
	for _, x := range s.now.findings {
		if x.Status != finding.Fail || x.Link != link && x.Link != "" {
			continue
		}
		if !failed[x.Fingerprint] && x.Severity != finding.Info { // which many links that work have
			return x.RuleID + " would fail: " + x.Message
		}
		for t, p := range f.plans {
			if _, ok := slices.BinarySearch(s.resources, t.Resource); ok && slices.ContainsFunc(p.steps, func(y *step) bool { return y.links[link] && y.finds[x.Fingerprint] }) {
				return x.RuleID + " would still fail: " + x.Message
			}
		}
	}
	before, now := linkOf(s.before, link), linkOf(s.now, link)
	if before == nil || now == nil {
		return "" // a rule that is new, or was taken away
	}
	return Worse(before, now)
}

// Worse says which class of objects fares worse than before, "" where none does.
func Worse(before, now *finding.Link) string {
	for _, c := range now.Classes {
		for _, b := range before.Classes {
			if b.Class == c.Class && c.Verdict.Rank() < b.Verdict.Rank() {
				return c.Class.Objects() + " would be " + string(c.Verdict) + ", not " + string(b.Verdict)
			}
		}
	}
	return ""
}

// harmed are the links that no change is for and that fare worse with the changes to what
// they share with others: the changes for these are not proven.
func (f *finder) harmed(s *subject, link string) (list []fault) {
	why := f.worse(s, link)
	if why == "" {
		return nil
	}
	for _, p := range f.plansOf(s) {
		for _, x := range p.steps {
			for other := range x.links {
				if !f.refused[other] && !slices.ContainsFunc(list, func(y fault) bool { return y.link == other }) {
					list = append(list, fault{s, other, "the link " + link + " would be harmed: " + why})
				}
			}
		}
	}
	return list
}

func linkOf(s *state, id string) *finding.Link {
	for i := range s.links {
		if s.links[i].ID == id {
			return &s.links[i]
		}
	}
	return nil
}

// takeOut takes the changes for links out, and leaves a decision.
func (f *finder) takeOut(list []fault) {
	for _, x := range list {
		f.refused[x.link] = true
		x.subject.unproven.add(finding.Target{}, x.link, "no change was found that is proven to mend the link: with the one that is wanted, "+x.why)
		for t, p := range f.plans {
			for _, s := range slices.Clone(p.steps) {
				had := s.links[x.link]
				delete(s.links, x.link)
				if had && len(s.links) == 0 {
					p.drop(s)
					f.changed(t)
				}
			}
		}
	}
}
