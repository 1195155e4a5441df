package fix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"crosscheck/rules/finding"
)

// plan is all that is wanted of one target.
type plan struct {
	finding.Target
	before string
	after  string // with all steps
	steps  []*step
}

// step is one edit, for everyone who wants it.
type step struct {
	edit
	links map[string]bool
	finds map[string]bool // fingerprints
}

// add adds what a want is about to the plan; false where nothing changes by it.
func (p *plan) add(w *want) (bool, error) {
	s := p.find(w.edit.key())
	if s == nil {
		s = &step{edit: *w.edit, links: map[string]bool{}, finds: map[string]bool{}}
		s.Optional = w.optional
		p.steps = append(p.steps, s)
		before := p.after
		if err := p.render(); err != nil || p.after == before {
			p.steps = p.steps[:len(p.steps)-1]
			p.after = before
			return false, err
		}
	}
	known := len(s.links) + len(s.finds)
	if w.optional == "" {
		s.Optional = ""
	}
	if w.link != "" {
		s.links[w.link] = true
	}
	for _, f := range w.findings {
		s.finds[f] = true
	}
	return len(s.links)+len(s.finds) > known, nil
}

func (p *plan) find(key string) *step {
	for _, s := range p.steps {
		if s.key() == key {
			return s
		}
	}
	return nil
}

// render makes the text after all steps, from that before them.
func (p *plan) render() error {
	text := p.before
	for _, s := range p.steps {
		switch {
		case s.text != nil:
			var err error
			if text, err = s.text(text); err != nil {
				return err
			}
		case s.Element == "" && len(s.Values) == 1:
			text = s.Values[0]
		default:
			return fmt.Errorf("an edit of %s is not possible yet", p.Kind)
		}
	}
	p.after = text
	return nil
}

// without takes steps out; true where any was there.
func (p *plan) without(drop func(*step) bool) (bool, error) {
	n := len(p.steps)
	p.steps = slices.DeleteFunc(p.steps, drop)
	return len(p.steps) < n, p.render()
}

// change is the plan as others see it.
func (p *plan) change() finding.Change {
	c := finding.Change{Target: p.Target, Before: p.before, After: p.after, Patch: []finding.PatchOperation{}, Rests: []string{}}
	links := map[string]bool{}
	for _, s := range p.steps {
		e := s.Edit
		e.Values, e.Findings = finding.NotNil(e.Values), finding.NotNil(slices.Sorted(maps.Keys(s.finds)))
		c.Edits = append(c.Edits, e)
		maps.Copy(links, s.links)
	}
	slices.SortStableFunc(c.Edits, func(a, b finding.Edit) int { return cmp.Compare(uint(a.Statement), uint(b.Statement)) }) // new ones come last
	c.Links = finding.NotNil(slices.Sorted(maps.Keys(links)))
	return c
}
