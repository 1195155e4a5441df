package iam

import (
	"maps"
	"slices"
)

// view is a part of the requests that a decision is about, all of which every
// statement treats alike: some of the resources of a glob, some of the values of
// keys that take each value of one.
type view struct {
	matches []Truth   // how the resources relate to each statement, by its slot; nil: compare
	given   []binding // what the keys are
	witness string
}

// entry is an entry of Resource beside its place among the patterns of an automaton.
type entry struct {
	pattern int // -1: matches everything
	maybe   bool
}

// row is the entries of one statement.
type row struct {
	entries []entry
	negated bool // they are those of NotResource
}

// maxViews bounds the parts of a request.
const maxViews = 4 * maxRegions

// divide splits a request for many into views. It gives the reason where it cannot.
func (e *evaluation) divide() (problem string) {
	var views []view
	if !e.req.ResourceIsGlob {
		views = []view{{}}
	} else if views, problem = e.divideResources(); problem != "" {
		return problem
	}
	for _, key := range slices.Sorted(maps.Keys(e.req.Context)) {
		v := e.req.Context[key]
		if v.state != valueEach {
			continue
		}
		universe, problem := globTokens(v.values[0])
		if problem != "" {
			return problem
		}
		patterns, ok := e.patternsOf(key)
		if !ok {
			continue // the key stays unknown
		}
		found, ok := e.regions(universe, patterns)
		if !ok || len(found)*len(views) > maxViews {
			return tooMany
		}
		if len(found) == 0 {
			return "the glob of the key " + key + " matches no value"
		}
		var finer []view
		for _, w := range views {
			for _, r := range found {
				n := view{w.matches, append(slices.Clip(w.given), binding{key, One(r.witness)}), w.witness}
				if w.matches == nil {
					n.witness = r.witness
				}
				finer = append(finer, n)
			}
		}
		views = finer
	}
	e.views = views
	return ""
}

const tooMany = "the policies divide what the request is about into too many parts"

// patternsOf are the patterns by which conditions tell the values of a key apart;
// ok is false when they do so in another way too.
func (e *evaluation) patternsOf(key string) (patterns [][]token, ok bool) {
	var tests []*condition
	ok = true
	e.eachPolicy(func(_ layerRef, p *Policy) {
		for i := range p.statements {
			s := &p.statements[i]
			for j := range s.resources {
				for _, part := range s.resources[j].tail {
					ok = ok && part.key != key
				}
			}
			for j := range s.conditions {
				c := &s.conditions[j]
				for k := range c.operands {
					for _, part := range c.operands[k].parts {
						ok = ok && part.key != key
					}
				}
				if c.key == key && c.op != opNull {
					ok = ok && c.family() == familyText
					tests = append(tests, c)
				}
			}
		}
	})
	if !ok {
		return nil, false
	}
	return e.textPatterns(tests)
}

// divideResources splits the resources of a glob by the statements that match them.
func (e *evaluation) divideResources() (views []view, problem string) {
	universe, problem := globTokens(e.req.Resource)
	if problem != "" {
		return nil, problem
	}
	colons, upper := 0, false
	for _, u := range universe {
		if u == ':' {
			colons++
		}
		upper = upper || colons < 5 && u >= 'A' && u <= 'Z'
	}
	switch {
	case colons < 5 || !slices.Equal(universe[:4], []token{'a', 'r', 'n', ':'}):
		return nil, "the glob of the request is not an ARN of six fields"
	case upper:
		return nil, upperCase
	}

	var (
		patterns = make([][]token, 0, 8)
		index    = map[string]int{}
		rows     = make([]row, 0, 8) // by slot
		entries  = make([]entry, 0, 8)
	)
	e.slots = map[*statement]int{}
	e.eachPolicy(func(_ layerRef, p *Policy) {
		if p.invalid {
			return
		}
		for i := range p.statements {
			s := &p.statements[i]
			if len(s.resources) == 0 || !e.actionMatches(s) {
				continue
			}
			first := len(entries)
			for j := range s.resources {
				r := &s.resources[j]
				en := entry{pattern: -1, maybe: r.state == arnDoubt}
				switch {
				case r.state == arnBad:
					continue
				case r.tail != nil:
					t, is := e.expandTokens(tokens(r.head), r.tail)
					if is == boundNull {
						continue
					}
					en.maybe = en.maybe || is == boundUnknown
					en.pattern = len(patterns)
					patterns = append(patterns, arnTokens(t))
				case r.any:
				default:
					at, known := index[r.text]
					if !known {
						at = len(patterns)
						index[r.text] = at
						patterns = append(patterns, r.toks)
					}
					en.pattern = at
				}
				entries = append(entries, en)
			}
			e.slots[s] = len(rows)
			rows = append(rows, row{entries[first:len(entries):len(entries)], s.notResource})
		}
	})
	found, ok := e.regions(arnTokens(universe), patterns)
	switch {
	case !ok:
		return nil, tooMany
	case len(found) == 0:
		return nil, "the glob of the request matches no resource"
	}
	views = make([]view, len(found))
	all := make([]Truth, len(found)*len(rows))
	for i, r := range found {
		matches := all[i*len(rows) : (i+1)*len(rows)]
		for slot, row := range rows {
			t := False
			for _, en := range row.entries {
				if en.pattern >= 0 && r.bits[en.pattern] == 0 {
					continue
				}
				if en.maybe {
					t = or(t, Unknown)
				} else {
					t = True
				}
			}
			if row.negated {
				t = not(t)
			}
			matches[slot] = t
		}
		views[i] = view{matches: matches, witness: r.witness}
	}
	return views, ""
}

// globTokens reads a glob of a request. ${*}, ${?} and ${$} are literal characters.
func globTokens(glob string) (t []token, problem string) {
	parts, ok := parseTemplate(glob)
	if !ok {
		return nil, "the glob " + glob + " has a \"${\" that is not ${*}, ${?} or ${$}"
	}
	if parts == nil {
		return tokens(glob), ""
	}
	for _, p := range parts {
		switch {
		case p.key != "":
			return nil, "the glob " + glob + " has a policy variable"
		case p.literal != 0:
			t = append(t, token(p.literal))
		default:
			t = append(t, tokens(p.text)...)
		}
	}
	return t, ""
}

// current is the value that a key has in the view at hand.
func (e *evaluation) current(key string) Value {
	if e.views != nil {
		for _, b := range e.views[e.view].given {
			if b.key == key {
				return b.value
			}
		}
	}
	return Value{}
}

// look turns the evaluation to a view.
func (e *evaluation) look(i int) {
	e.view, e.matched = i, e.views[i].matches
}

// judge decides for every view: one that is denied denies the request, and only
// if all are allowed it is allowed. The evaluation is left at the view that decided.
func (e *evaluation) judge() verdict {
	if e.views == nil {
		return e.decide()
	}
	var worst verdict
	denied := 0
	for i := range e.views {
		e.look(i)
		v := e.decide()
		v.view = i
		if v.result == Denied {
			denied++
			if e.denials != nil {
				e.denials[i]++
			}
		}
		if i == 0 || harm(v.result) > harm(worst.result) {
			worst = v
		}
	}
	switch worst.result {
	case Denied:
		worst.part = denied < len(e.views)
	case Undecided:
		worst.part = len(e.views) > 1
	}
	e.look(worst.view)
	if len(e.views) > 1 {
		e.decide() // for the state that it leaves
	}
	return worst
}

func harm(r Result) int {
	switch r {
	case Denied:
		return 2
	case Undecided:
		return 1
	}
	return 0
}

// eachView visits the views of the request.
func (e *evaluation) eachView(visit func()) {
	if e.views == nil {
		visit()
		return
	}
	before := e.view
	for i := range e.views {
		e.look(i)
		visit()
	}
	e.look(before)
}

// witness is a resource (or a value) for which the verdict holds, where it does
// not hold for all.
func (e *evaluation) witness(v verdict) string {
	if !v.part {
		return ""
	}
	return e.views[v.view].witness
}
