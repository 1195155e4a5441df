package fix

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/holders"
	"crosscheck/rules/fix/near"
	"crosscheck/rules/fix/quota"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
)

// place finds the place for a right: the statement that comes nearest to giving it, else a
// new one. Each is tried, and the first that gives it is taken.
func (f *finder) place(s *subject, w *want) bool {
	// What was not read may still deny it, whatever is changed.
	if r := f.result(s, w); r != iam.Denied {
		return f.share(s, w, r)
	}
	t := &trial{finder: f, subject: s, want: w, enough: iam.Allowed}
	if t.find() {
		return true
	}
	if t.enough = iam.Undecided; t.unread && t.find() {
		return true
	}
	text := w.grant.words
	if t.guard != "" {
		text += "; " + t.guard
	}
	for _, why := range t.full {
		text += "; " + why
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
	for c := range n.cells(m) {
		switch r := c.On(n.side); {
		case r == iam.Denied, r == iam.Undecided && len(c.UnreadOn(n.side)) == 0:
			return iam.Denied
		case r != iam.Allowed:
			worst = r
		}
	}
	return worst
}

// cells are those of a matrix that a right is for.
func (n *need) cells(m *permission.Matrix) iter.Seq[*permission.Cell] {
	return func(yield func(*permission.Cell) bool) {
		for i := range m.Cells {
			if c := &m.Cells[i]; c.Requirement.Key() == n.row && (!c.Own || c.Class == n.class) && !yield(c) {
				return
			}
		}
	}
}

// share notes that a right is given by the changes for others: by each step without which
// its side says something else.
func (f *finder) share(s *subject, w *want, given iam.Result) (more bool) {
	for _, p := range f.plansOf(s) {
		for _, x := range p.steps {
			if !x.mayGive(w) {
				continue
			}
			needed := false
			possible := p.lacking(x, func() { needed = f.result(s, w) != given })
			if needed || !possible {
				more = x.serve(w) || more
				x.rights = append(x.rights, right{s, *w, given})
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

// widens reports whether a step may give more rights than the one that it was made for, as an
// edit or as a statement with fewer conditions than one that gets an action.
func (s *step) widens() bool {
	return s.edit != nil && s.Operation != finding.AddAction || s.grant != nil && len(s.conditions) > 0
}

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
				needed = needed || slices.ContainsFunc(x.rights, func(r right) bool { return f.result(r.subject, &r.want) != r.given })
			})
			if needed || !possible {
				continue
			}
			p.drop(x)
			f.changed(p.Target)
			for _, r := range x.rights {
				f.share(r.subject, &r.want, r.given)
			}
		}
	}
}

// all are the plans, in their order.
func (f *finder) all() []*plan {
	return slices.SortedFunc(maps.Values(f.plans), func(a, b *plan) int { return finding.CompareTargets(a.Target, b.Target) })
}

// plansOf are the plans for the roles, buckets and keys of a document, in their order.
func (f *finder) plansOf(s *subject) []*plan {
	var list []*plan
	for _, r := range s.resources {
		list = append(list, f.of[r]...)
	}
	slices.SortFunc(list, func(a, b *plan) int { return finding.CompareTargets(a.Target, b.Target) })
	return list
}

// trial tries places for a right.
type trial struct {
	*finder
	*subject
	*want
	enough iam.Result // what a place must come to
	unread bool       // a place was not usable only because some fact was not read
	full   []string   // limits of AWS that are in the way
	guard  string     // a condition that keeps the role out
}

func (t *trial) find() bool {
	if t.Kind != finding.RolePolicy {
		return t.extend(t.Target, adds) || t.anew(t.Target)
	}
	boundary := t.boundary()
	switch {
	case t.inIdentity():
		return true
	case boundary == nil || t.guard != "":
		return false
	case t.extend(*boundary, adds) || t.anew(*boundary):
		return true
	}
	// Perhaps both lack it. With it in a policy of the role, the boundary alone decides.
	if undo, ok := t.try(t.named(ownPolicy), want{grant: t.grant}); ok {
		t.guarded(*boundary)
		undo()
	}
	undo, ok := t.try(*boundary, want{grant: t.grant})
	if ok && (t.guard != "" || !t.inIdentity()) {
		undo()
		ok = false
	}
	return ok
}

// inIdentity tries the policies of the role: inline ones before managed ones, which roles may
// have that are not among the facts, and last those that others are known to have. A new
// statement goes where the ends of the link are named, or into a policy of its own.
func (t *trial) inIdentity() bool {
	inline, managed, shared := t.identities()
	extend := func(list []finding.Target, last int) bool {
		return slices.ContainsFunc(list, func(x finding.Target) bool { return t.extend(x, last) })
	}
	anew := func(list []finding.Target) bool {
		return slices.ContainsFunc(list, func(x finding.Target) bool { return t.about(x) && t.anew(x) })
	}
	return extend(inline, adds) || extend(managed, corrects) || extend(shared, corrects) ||
		anew(inline) || extend(managed, adds) || t.anew(t.named(ownPolicy)) || anew(managed) || t.attach() ||
		extend(shared, adds) || anew(shared)
}

// extend tries to change statements of a policy, down to a rank of candidates.
func (t *trial) extend(target finding.Target, last int) bool {
	return slices.ContainsFunc(t.candidates(target, last), func(e edit) bool { return t.does(target, want{edit: &e}) })
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
		t.limit(p.full)
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
	made.rights = []right{{t.subject, *t.want, t.enough}}
	undo = func() {
		p.drop(made)
		t.changed(target)
	}
	if why := t.tooLarge(p); why != "" {
		p.full = why
		t.limit(why)
		undo()
		return nil, false
	}
	t.changed(target)
	return undo, true
}

// limit notes a limit of AWS that is in the way.
func (t *trial) limit(why string) {
	if !slices.Contains(t.full, why) {
		t.full = append(t.full, why)
	}
}

// identities are the policies of the role that can be changed: inline ones, managed ones,
// and managed ones that another role of any document has too.
func (t *trial) identities() (inline, managed, shared []finding.Target) {
	role := t.doc.Roles[t.Resource].Value
	if role == nil {
		return nil, nil, nil
	}
	if role.Inline.Value != nil {
		for _, p := range *role.Inline.Value {
			inline = append(inline, t.named(p.Name))
		}
	}
	if role.Attached.Value != nil {
		for _, p := range *role.Attached.Value {
			switch {
			case holders.OfAWS(p.ARN):
			case t.holders[p.ARN].Beside(t.Resource):
				shared = append(shared, finding.Managed(p.ARN))
			default:
				managed = append(managed, finding.Managed(p.ARN))
			}
		}
	}
	return inline, managed, shared
}

// ownPolicy is the name of a policy of a role that is made for replication.
const ownPolicy = "crosscheck-replication"

// attach tries a managed policy of its own, which is made and attached to the role: for roles
// whose inline policies are full.
func (t *trial) attach() bool {
	f := strings.SplitN(t.Resource, ":", 6)
	if len(f) < 6 {
		return false
	}
	name := ownPolicy + "-" + f[5][strings.LastIndexByte(f[5], '/')+1:]
	arn := strings.Join([]string{f[0], f[1], "iam", "", f[4], "policy/" + name[:min(len(name), 128)]}, ":")
	return t.holders[arn] == nil && t.anew(t.named(arn))
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
	if role == nil || role.Boundary.Value == nil || holders.OfAWS(role.Boundary.Value.ARN) {
		return nil
	}
	target := t.Target
	target.Kind = finding.Boundary
	target = holders.Target(target, role.Boundary.Value)
	return &target
}

// tooLarge says why AWS would not take what becomes of a policy, "" where it would.
func (t *trial) tooLarge(p *plan) string {
	doc, _, err := t.overlay(t.subject).Apply(t.doc)
	if err != nil {
		return ""
	}
	return quota.Exceeded(doc, p.Target, p.called(), p.before == "")
}
