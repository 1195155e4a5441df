package fix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// place finds the place for a right: the statement that comes nearest to giving it, else a
// new one. Each is tried, and the first that gives it is taken.
func (f *finder) place(s *subject, w *want) bool {
	if f.result(s, w) == iam.Allowed {
		return f.share(s, w)
	}
	t := &trial{finder: f, subject: s, want: w, enough: iam.Allowed}
	if t.find() {
		return true
	}
	// What was not read may still deny it, whatever is changed.
	if t.enough = iam.Undecided; t.unread && t.find() {
		return true
	}
	text := w.grant.words
	for _, why := range []string{t.guard, t.full} {
		if why != "" {
			text += "; " + why
		}
	}
	s.decide(w, text)
	return false
}

// result is what the side of a right says with all changes so far.
func (f *finder) result(s *subject, w *want) iam.Result {
	doc, _, err := f.overlay(s).Apply(s.doc)
	if err != nil {
		return iam.Undecided
	}
	for i := range doc.Links {
		if doc.Links[i].ID == w.link {
			m := permission.Of(doc, &doc.Links[i], f.policies)
			return w.grant.resultIn(&m)
		}
	}
	return iam.Undecided
}

// resultIn is the worst result of the cells that a right is for: undecided only where a
// layer of policies was not read.
func (n *need) resultIn(m *permission.Matrix) iam.Result {
	worst := iam.Allowed
	for i := range m.Cells {
		c := &m.Cells[i]
		if c.Requirement.Key() != n.row || c.Own && c.Class != n.class {
			continue
		}
		switch r := c.On(n.side); {
		case r == iam.Denied, r == iam.Undecided && len(c.UnknownLayers) == 0:
			return iam.Denied
		case r != iam.Allowed:
			worst = r
		}
	}
	return worst
}

// share notes that a right is given by the changes for others: by each step without which
// it would not be.
func (f *finder) share(s *subject, w *want) (more bool) {
	for _, p := range f.plansOf(s) {
		for _, x := range p.steps {
			if !x.mayGive(w) {
				continue
			}
			needed := false
			possible := p.lacking(x, func() { needed = f.result(s, w) != iam.Allowed })
			if needed || !possible {
				more = x.serve(w) || more
				x.rights = append(x.rights, right{s, *w})
			}
		}
	}
	return more
}

// mayGive reports whether a step can have to do with a right.
func (s *step) mayGive(w *want) bool {
	switch {
	case s.grant != nil:
		return s.action == w.grant.action && s.principal == w.grant.principal && near.Within(w.grant.resource, s.resource)
	case s.Operation == finding.AddAction:
		return slices.Contains(s.Values, w.grant.action)
	case s.Operation == finding.AddResource:
		return slices.ContainsFunc(s.Values, func(v string) bool { return near.Within(w.grant.resource, v) })
	case s.Operation == finding.AddPrincipal || s.Operation == finding.ReplacePrincipal:
		return slices.Contains(s.Values, w.grant.principal.Value)
	}
	return true
}

// widens reports whether a step may give more rights than the one that it was made for.
func (s *step) widens() bool { return s.edit != nil && s.Operation != finding.AddAction }

// prune takes out what later steps made needless: those without which all rights are still
// given that they were made for.
func (f *finder) prune() {
	for _, p := range f.all() {
		if len(p.steps) < 2 || !slices.ContainsFunc(p.steps, (*step).widens) {
			continue
		}
		for _, x := range slices.Backward(p.steps) { // new statements first
			needed := len(x.rights) == 0
			possible := p.lacking(x, func() {
				needed = needed || slices.ContainsFunc(x.rights, func(r right) bool { return f.result(r.subject, &r.want) != iam.Allowed })
			})
			if needed || !possible {
				continue
			}
			p.drop(x)
			f.changed(p.Target)
			for _, r := range x.rights {
				f.share(r.subject, &r.want)
			}
		}
	}
}

// all are the plans, in their order.
func (f *finder) all() []*plan {
	return slices.SortedFunc(maps.Values(f.plans), func(a, b *plan) int { return compareTargets(a.Target, b.Target) })
}

// plansOf are the plans of what a document refers to, in their order.
func (f *finder) plansOf(s *subject) []*plan {
	var list []*plan
	for _, r := range s.resources {
		list = append(list, f.of[r]...)
	}
	slices.SortFunc(list, func(a, b *plan) int { return compareTargets(a.Target, b.Target) })
	return list
}

// trial tries places for a right.
type trial struct {
	*finder
	*subject
	*want
	enough iam.Result // what a place must come to
	unread bool       // a place came to nothing only because of what was not read
	full   string     // a policy that would be larger than AWS takes
	guard  string     // a condition that keeps the role out
}

func (t *trial) find() bool {
	if t.Kind != finding.RolePolicy {
		return t.extend(t.Target) || t.anew(t.Target)
	}
	boundary := t.boundary()
	switch {
	case t.inIdentity():
		return true
	case boundary == nil:
		return false
	case t.extend(*boundary) || t.anew(*boundary):
		return true
	}
	// Perhaps both lack it.
	undo, ok := t.try(*boundary, want{grant: t.grant})
	if ok && !t.inIdentity() {
		undo()
		ok = false
	}
	return ok
}

// inIdentity tries the policies of the role.
func (t *trial) inIdentity() bool {
	targets := t.identities()
	return slices.ContainsFunc(targets, t.extend) || slices.ContainsFunc(t.homes(targets), t.anew)
}

// extend tries to change statements of a policy.
func (t *trial) extend(target finding.Target) bool {
	return slices.ContainsFunc(t.candidates(target), func(e edit) bool { return t.does(target, want{edit: &e}) })
}

// anew tries a statement of its own in a policy.
func (t *trial) anew(target finding.Target) bool { return t.does(target, want{grant: t.grant}) }

// does makes a change if it gives the right.
func (t *trial) does(target finding.Target, w want) bool {
	undo, ok := t.try(target, w)
	if !ok {
		return false
	}
	r := t.result(t.subject, t.want)
	if r == iam.Allowed || r == t.enough {
		undo()
		if t.guarded(target) {
			return false
		}
		if w.edit != nil && w.edit.Operation != finding.AddValue {
			w.edit.beside = t.grant.beside
		}
		_, ok = t.try(target, w)
		return ok
	}
	t.unread = t.unread || r == iam.Undecided
	undo()
	return false
}

// try makes a change; undo takes it back.
func (t *trial) try(target finding.Target, w want) (undo func(), ok bool) {
	w.Target, w.link, w.findings, w.optional = target, t.link, t.findings, t.optional
	p := t.planOf(t.subject, target)
	if p == nil {
		return nil, false
	}
	if p.full != "" {
		t.full = p.full
		return nil, false
	}
	key := newStep(&w).key()
	if p.step(key) != nil {
		return nil, false // it is made, and does not do
	}
	did, err := p.add(&w)
	if err != nil || !did {
		return nil, false
	}
	made := p.step(key)
	made.rights = []right{{t.subject, *t.want}}
	undo = func() {
		p.drop(made)
		t.changed(target)
	}
	if why := t.tooLarge(p); why != "" {
		t.full, p.full = why, why
		undo()
		return nil, false
	}
	t.changed(target)
	return undo, true
}

// identities are the policies of the role that can be changed.
func (t *trial) identities() []finding.Target {
	role := t.doc.Roles[t.Resource].Value
	if role == nil {
		return nil
	}
	var list []finding.Target
	for _, f := range []fact.Fact[[]fact.Policy]{role.Inline, role.Attached} {
		if f.Value == nil {
			continue
		}
		for _, p := range *f.Value {
			if name := cmp.Or(p.ARN, p.Name); !managedByAWS(name) {
				list = append(list, t.named(name))
			}
		}
	}
	return list
}

// ownPolicy is the name of a policy of a role that is made for replication.
const ownPolicy = "crosscheck-replication"

// homes are the policies in which a new statement may be placed, the best first: those that
// are about the ends of the link, inline ones before managed ones, which other roles may
// have; then one of its own: inline, or managed where those are full.
func (t *trial) homes(targets []finding.Target) []finding.Target {
	list := slices.DeleteFunc(slices.Clone(targets), func(x finding.Target) bool { return !t.about(x) })
	list = append(list, t.named(ownPolicy))
	if f := strings.SplitN(t.Resource, ":", 6); len(f) == 6 {
		name := ownPolicy + "-" + f[5][strings.LastIndexByte(f[5], '/')+1:]
		list = append(list, t.named(strings.Join([]string{f[0], f[1], "iam", "", f[4], "policy/" + name[:min(len(name), 128)]}, ":")))
	}
	return list
}

// about reports whether a policy names an end of the link.
func (t *trial) about(target finding.Target) bool {
	p := t.planOf(t.subject, target)
	if p == nil {
		return false
	}
	link := t.now.link(t.link)
	for _, name := range []string{t.doc.Bucket.ARN, t.doc.BucketARN(link.Destination), link.SourceKey, link.ReplicaKey} {
		if name != "" && (strings.Contains(p.before, `"`+name+`"`) || strings.Contains(p.before, `"`+name+`/`)) {
			return true
		}
	}
	return false
}

// named is a policy of the role.
func (t *trial) named(policy string) finding.Target {
	target := t.Target
	target.Policy = policy
	return target
}

// boundary is that of the role, nil if it has none or AWS manages it.
func (t *trial) boundary() *finding.Target {
	role := t.doc.Roles[t.Resource].Value
	if role == nil || role.Boundary.Value == nil || managedByAWS(role.Boundary.Value.ARN) {
		return nil
	}
	target := t.Target
	target.Kind, target.Policy = finding.Boundary, role.Boundary.Value.ARN
	return &target
}

// managedByAWS reports whether no customer can change a managed policy.
func managedByAWS(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }

// Limits of policies, in bytes or, of those of roles, characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const (
	maxBucketPolicy = 20 << 10
	maxKeyPolicy    = 32 << 10
	maxTrust        = 2_048
	maxManaged      = 6_144
	maxInline       = 10_240 // all of a role together
)

// tooLarge says why AWS would not take what becomes of a policy, "" where it would.
func (t *trial) tooLarge(p *plan) string {
	n, most, unit := inkOf(p.after), maxManaged, "characters without white space"
	switch {
	case p.Kind == finding.BucketPolicy:
		n, most, unit = len(p.after), maxBucketPolicy, "bytes"
	case p.Kind == finding.KeyPolicy:
		n, most, unit = len(p.after), maxKeyPolicy, "bytes"
	case p.Kind == finding.TrustPolicy:
		most = maxTrust
	case p.Kind == finding.RolePolicy && !strings.HasPrefix(p.Policy, "arn:"):
		n, most, unit = t.inline(p), maxInline, "characters without white space in all its inline policies"
	}
	if n <= most {
		return ""
	}
	return fmt.Sprintf("with that, %s would have %d %s, and AWS takes %d", words.Called(p.Target), n, unit, most)
}

// inline is the size of all inline policies of the role of a plan.
func (t *trial) inline(p *plan) int {
	doc, _, err := t.overlay(t.subject).Apply(t.doc)
	if err != nil {
		return inkOf(p.after)
	}
	n := 0
	if role := doc.Roles[p.Resource].Value; role != nil && role.Inline.Value != nil {
		for _, x := range *role.Inline.Value {
			n += inkOf(x.Document)
		}
	}
	return n
}

// inkOf counts what is no white space.
func inkOf(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
