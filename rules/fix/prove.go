package fix

import (
	"context"
	"slices"
	"strings"

	"crosscheck/rules/finding"
)

// prove judges every document with all changes, and takes those out that do not mend what
// they are for, or that make something worse.
func (f *finder) prove(ctx context.Context) error {
	for {
		if err := f.lookAll(ctx); err != nil {
			return err
		}
		faults := f.faults()
		if len(faults) == 0 {
			return nil
		}
		for _, x := range faults {
			if err := f.takeOut(ctx, x); err != nil {
				return err
			}
		}
	}
}

// needless takes out rights to keys that nothing is worse without, as judged: where bucket keys
// leave open which rights are asked for, one may have been found too many.
func (f *finder) needless(ctx context.Context) error {
	for _, p := range f.all() {
		for _, x := range slices.Backward(slices.Clone(p.steps)) {
			if x.optional != "" || !x.ofKey() {
				continue
			}
			if err := f.without(ctx, p, x); err != nil {
				return err
			}
		}
	}
	return f.lookAll(ctx)
}

// ofKey reports whether the step gives a right to a key.
func (s *step) ofKey() bool {
	return s.grant != nil && strings.HasPrefix(s.grant.action, "kms:") ||
		slices.ContainsFunc(s.rights, func(r right) bool { return r.want.grant != nil && strings.HasPrefix(r.want.grant.action, "kms:") })
}

// without takes a step out unless something is worse without it for the links that it is for.
func (f *finder) without(ctx context.Context, p *plan, x *step) error {
	all, old := p.steps, map[*subject]*state{}
	p.drop(x)
	worse := len(p.steps) != len(all)-1
	for _, s := range f.users[p.Resource] {
		if worse || !slices.ContainsFunc(s.now.links, func(l finding.Link) bool { return x.links[l.ID] }) {
			continue
		}
		old[s] = s.now
		if err := f.look(ctx, s); err != nil {
			return err
		}
		worse = s.now.worseThan(old[s])
	}
	if !worse {
		f.changed(p.Target)
		return nil
	}
	p.steps = all
	for s, was := range old {
		s.now = was
	}
	return p.render()
}

// worseThan reports whether a class of a link fares worse than before, or something is found that was not.
func (s *state) worseThan(before *state) bool {
	was := map[string]int{}
	for _, x := range before.findings {
		if rank, ok := was[x.Fingerprint]; !ok || x.Status.Rank() < rank {
			was[x.Fingerprint] = x.Status.Rank()
		}
	}
	return slices.ContainsFunc(s.findings, func(x finding.Finding) bool {
		rank, ok := was[x.Fingerprint]
		return x.Severity != finding.Info && (!ok || x.Status.Rank() < rank)
	}) ||
		slices.ContainsFunc(s.links, func(l finding.Link) bool {
			old := linkOf(before, l.ID)
			return old != nil && finding.Worse(old, &l) != ""
		})
}

// lookAll judges every document of which something changed.
func (f *finder) lookAll(ctx context.Context) error {
	for _, s := range f.subjects {
		if s.stale {
			if err := f.look(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// fault is a link for which there is no proof.
type fault struct {
	*subject
	link, why string
}

// faults are the links that something is worse for than before, or for which changes were
// made that do not mend what they are for.
func (f *finder) faults() (list []fault) {
	for _, s := range f.subjects {
		if s.now == s.before {
			continue // nothing was changed for it
		}
		for i := range s.now.links {
			link := s.now.links[i].ID
			if why := f.worse(s, link); why != "" {
				list = append(list, fault{s, link, why})
			}
		}
	}
	return list
}

// takeOut removes the change that a fault is about and leaves a decision: one step if that is
// enough, else all steps for the link, else all steps on the documents that the link uses.
func (f *finder) takeOut(ctx context.Context, x fault) error {
	type used struct {
		*plan
		*step
	}
	var mine, others []used
	for _, p := range f.plansOf(x.subject) {
		for _, s := range p.steps {
			if s.links[x.link] {
				mine = append(mine, used{p, s})
			} else {
				others = append(others, used{p, s})
			}
		}
	}
	why := x.why
	if mine == nil {
		mine, why = others, "the link "+x.link+" would be harmed: "+x.why
	}
	for _, u := range mine {
		var err error
		cured := false
		u.plan.lacking(u.step, func() {
			if !f.made(x.subject) {
				return
			}
			if err = f.look(ctx, x.subject); err == nil {
				cured = f.worse(x.subject, x.link) == ""
			}
		})
		if err != nil {
			return err
		}
		if cured {
			mine = []used{u}
			break
		}
	}
	for _, u := range mine {
		f.drop(x.subject, u.plan, u.step, why)
	}
	for _, u := range mine {
		f.dropUnmade(u.Resource, why)
	}
	x.stale = true
	return nil
}

// drop takes a step out, for which there is no proof.
func (f *finder) drop(s *subject, p *plan, x *step, why string) {
	p.bar(x)
	f.changed(p.Target)
	f.retry = append(f.retry, p.Target)
	s.dropped = append(s.dropped, dropped{x, why})
}

// made reports whether the changes so far can be made: those of a missing role rest on that
// which makes it.
func (f *finder) made(s *subject) bool {
	_, _, err := f.overlay(s).Apply(s.doc)
	return err == nil
}

// dropUnmade takes out all that is wanted of a role that is not made any more.
func (f *finder) dropUnmade(resource, why string) {
	for _, s := range f.users[resource] {
		if f.made(s) {
			continue
		}
		for _, p := range f.of[resource] {
			for _, x := range slices.Clone(p.steps) {
				f.drop(s, p, x, why)
			}
		}
	}
}

// dropped is a step that was taken out, and why.
type dropped struct {
	*step
	why string
}

// settle leaves a decision for what a step was to mend that was taken out, where nothing else
// mends it.
func (f *finder) settle() {
	for _, s := range f.subjects {
		for _, d := range s.dropped {
			for link := range d.links {
				if f.unmended(link, d.finds) {
					s.unproven.add(finding.Target{}, link, "no change was found that is proven to mend the link: with the one that is wanted, "+d.why)
				}
			}
		}
	}
}

// unmended reports whether a link fails, or some of its findings do.
func (f *finder) unmended(link string, finds map[string]bool) bool {
	return slices.ContainsFunc(f.subjects, func(s *subject) bool {
		return s.now.verdict(link).Fails() || slices.ContainsFunc(s.now.findings, func(x finding.Finding) bool {
			return x.Link == link && x.Status == finding.Fail && finds[x.Fingerprint]
		})
	})
}

// harm notes the links of a document that a change for others made worse. Nothing is wanted
// for them, as no right is to make up for it: the change will be taken out.
func (f *finder) harm(ctx context.Context, s *subject) error {
	s.harmed = map[string]bool{}
	now := s.now
	for i := range now.links {
		link := now.links[i].ID
		before := linkOf(s.before, link)
		if before == nil || finding.Worse(before, linkOf(now, link)) == "" {
			continue
		}
		for _, p := range f.plansOf(s) {
			for _, x := range p.steps {
				if x.links[link] || s.harmed[link] {
					continue
				}
				var err error
				p.lacking(x, func() {
					if !f.made(s) {
						return
					}
					if err = f.look(ctx, s); err == nil {
						s.harmed[link] = finding.Worse(before, linkOf(s.now, link)) == ""
					}
				})
				s.now, s.stale = now, false
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// worse says what the changes do not mend of a link, or make worse; "" for nothing.
func (f *finder) worse(s *subject, link string) string {
	failed, plans := map[string]bool{}, f.plansOf(s)
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
		if slices.ContainsFunc(plans, func(p *plan) bool {
			return slices.ContainsFunc(p.steps, func(y *step) bool { return y.links[link] && y.finds[x.Fingerprint] })
		}) {
			return x.RuleID + " would still fail: " + x.Message
		}
	}
	before, now := linkOf(s.before, link), linkOf(s.now, link)
	if before == nil || now == nil {
		return "" // a rule that is new, or was taken away
	}
	return finding.Worse(before, now)
}

func linkOf(s *state, id string) *finding.Link {
	for i := range s.links {
		if s.links[i].ID == id {
			return &s.links[i]
		}
	}
	return nil
}
