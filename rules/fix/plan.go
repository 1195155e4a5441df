package fix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/holders"
	"crosscheck/rules/fix/words"
	"crosscheck/rules/iam"
)

// plan is all that is wanted of one target.
type plan struct {
	finding.Target
	before  string
	steps   []*step
	full    string          // why AWS would not take another right in it
	holders *holders.Roles  // of a managed policy, nil of others
	barred  map[string]bool // keys of steps for which there is no proof

	// What becomes of it with all steps.
	after string
	patch []finding.PatchOperation
	added []policytext.Statement // made of the rights
	sids  []string               // of the statements before
	lost  map[int]bool           // those of them that are taken away
}

// step is one edit or right, for everyone who wants it.
type step struct {
	*edit
	*grant
	optional string
	links    map[string]bool
	finds    map[string]bool // fingerprints
	rights   []right         // that it gives
}

// right is a right that a document wants, and what its side says with all changes.
type right struct {
	subject *subject
	want    want
	given   iam.Result
}

func newStep(w *want) *step {
	return &step{edit: w.edit, grant: w.grant, optional: w.optional, links: map[string]bool{}, finds: map[string]bool{}}
}

// key is the same of two steps that do the same.
func (s *step) key() string {
	if s.grant != nil {
		return s.grant.key()
	}
	return s.edit.key()
}

// serve notes whom the step is for; false where that is known.
func (s *step) serve(w *want) bool {
	known := len(s.links) + len(s.finds)
	if w.optional == "" {
		s.optional = ""
	}
	if w.link != "" {
		s.links[w.link] = true
	}
	for _, f := range w.findings {
		s.finds[f] = true
	}
	return len(s.links)+len(s.finds) > known
}

// add does what is wanted; false where nothing changes by it.
func (p *plan) add(w *want) (bool, error) {
	s := newStep(w)
	if p.barred[s.key()] {
		return false, nil
	}
	if old := p.step(s.key()); old != nil {
		return old.serve(w), nil
	}
	before := p.after
	p.steps = append(slices.Clone(p.steps), s)
	if err := p.render(); err != nil || p.after == before {
		p.drop(s)
		return false, err
	}
	s.serve(w)
	return true, nil
}

// step is the step of a key, nil if there is none.
func (p *plan) step(key string) *step {
	for _, s := range p.steps {
		if s.key() == key {
			return s
		}
	}
	return nil
}

// bar takes a step out for good.
func (p *plan) bar(s *step) {
	if p.barred == nil {
		p.barred = map[string]bool{}
	}
	p.barred[s.key()] = true
	p.drop(s)
}

// drop takes a step out, and all where those that are left cannot be done without it.
func (p *plan) drop(s *step) {
	p.steps = slices.DeleteFunc(slices.Clone(p.steps), func(x *step) bool { return x == s })
	if err := p.render(); err != nil {
		p.steps, p.after, p.patch, p.added = nil, p.before, nil, nil
	}
}

// lacking does something while a step is taken out; false where the others cannot be done
// without it.
func (p *plan) lacking(s *step, do func()) bool {
	all := p.steps
	p.steps = slices.DeleteFunc(slices.Clone(all), func(x *step) bool { return x == s })
	err := p.render()
	if err == nil {
		do()
	}
	p.steps = all
	if err := p.render(); err != nil {
		panic(err) // it was possible before
	}
	return err == nil
}

// render makes the text after all steps, from that before them.
func (p *plan) render() error {
	slices.SortStableFunc(p.steps, func(a, b *step) int { return strings.Compare(a.key(), b.key()) })
	text := p.before
	var rest []*step
	for _, s := range p.steps {
		var err error
		switch {
		case s.edit == nil:
			rest = append(rest, s)
		case s.text != nil:
			text, err = s.text(text)
		case s.Element == "" && len(s.Values) == 1:
			text = s.Values[0]
		default:
			rest = append(rest, s)
		}
		if err != nil {
			return err
		}
	}
	whole := text != p.before
	p.after, p.patch, p.added = text, nil, nil
	if len(rest) == 0 {
		return nil
	}
	if !p.Kind.Document() {
		return fmt.Errorf("a setting has no statements: %s", p.Kind)
	}
	return p.edit(text, rest, whole)
}

// edit makes the edits of elements and the new statements of a policy. whole: its text was
// changed as a whole before.
func (p *plan) edit(text string, rest []*step, whole bool) error {
	var rights []*step
	for _, s := range rest {
		if s.grant != nil {
			rights = append(rights, s)
		}
	}
	if text == "" {
		p.added = statements(rights, nil)
		p.after = policytext.New(p.added...)
		return nil
	}
	d, err := policytext.Read(text)
	if err != nil {
		return err
	}
	p.sids = sidsOf(d)
	for _, s := range rest {
		if s.edit == nil {
			continue
		}
		if err := s.apply(d); err != nil {
			return err
		}
	}
	for _, s := range statements(rights, p.sids) {
		d.AddStatement(s)
		p.added = append(p.added, s)
	}
	p.after, p.lost = d.Text(), d.Gone()
	if !whole {
		p.patch = d.Patch()
	}
	return nil
}

// sidsOf are the Sids of all statements of a policy, "" of those that have none.
func sidsOf(d *policytext.Document) []string {
	list := make([]string, d.Len())
	for i := range list {
		list[i] = d.Sid(i)
	}
	return list
}

// origins are the indexes before all steps of the statements that are left of those; new
// ones come after them.
func (p *plan) origins() []int {
	list := []int{}
	for i := range p.sids {
		if !p.lost[i] {
			list = append(list, i)
		}
	}
	return list
}

// apply makes the edit of an element.
func (e *edit) apply(d *policytext.Document) error {
	switch e.Operation {
	case finding.AddAction, finding.AddResource, finding.AddPrincipal, finding.AddValue:
		return d.AddValues(e.Statement, e.Element, e.Values...)
	case finding.ReplacePrincipal, finding.ReplaceValue, finding.Repair:
		if len(e.Values) == 1 {
			return d.Replace(e.Statement, e.Element, e.Instead, e.Values[0])
		}
	case finding.RemoveAction, finding.RemovePrincipal:
		return d.Remove(e.Statement, e.Element, e.Values...)
	}
	return fmt.Errorf("no such edit of a statement: %s of %s with %d values", e.Operation, e.Element, len(e.Values))
}

// change is the plan as others see it.
func (p *plan) change() finding.Change {
	c := finding.Change{Target: p.Target, Before: p.before, After: p.after, Patch: p.patch, Edits: p.edits(), Rests: []string{}}
	if c.Patch == nil {
		c.Patch = []finding.PatchOperation{}
	}
	links := map[string]bool{}
	for _, s := range p.steps {
		maps.Copy(links, s.links)
	}
	c.Links = finding.NotNil(slices.Sorted(maps.Keys(links)))
	return c
}

// called names what the plan changes, a managed policy with the roles that have it.
func (p *plan) called() string {
	if p.holders != nil {
		return p.holders.Called(p.Target)
	}
	return words.Called(p.Target)
}

// edits are the steps in words and as data, those of statements first, in their order; the
// rights are those of the statements that are made of them.
func (p *plan) edits() []finding.Edit {
	var list []finding.Edit
	for _, s := range p.steps {
		if s.edit == nil {
			continue
		}
		e := s.Edit
		e.Values, e.Findings, e.Optional = finding.NotNil(e.Values), finding.NotNil(slices.Sorted(maps.Keys(s.finds))), s.optional
		if e.Statement >= 0 && e.Statement < len(p.sids) {
			e.Sid = p.sids[e.Statement]
		}
		if s.edit.beside != "" {
			e.Summary = words.Summary(p.called(), &e) + "; " + s.edit.beside
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b finding.Edit) int { return cmp.Compare(a.Statement, b.Statement) })
	for i := range p.added {
		list = append(list, p.editsOf(&p.added[i])...)
	}
	for i := range list {
		if list[i].Summary == "" {
			list[i].Summary = words.Summary(p.called(), &list[i])
		}
	}
	return list
}
