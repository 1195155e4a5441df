package iam

import (
	"slices"
	"strings"
)

// view is a part of the resources that a request is about, all of which every
// statement treats alike. A request for one resource has one view of it.
type view struct {
	matches map[*statement]Truth // how the resources relate to each statement; nil: compare
	witness string
}

// entry is an entry of Resource beside its place among the patterns of an automaton.
type entry struct {
	pattern int // -1: matches everything
	maybe   bool
}

// divide splits the resources of a glob into views. ok is false when the glob is
// not understood, or a bound was reached.
func (e *evaluation) divide() (problem string) {
	universe, problem := e.universe()
	if problem != "" {
		return problem
	}
	var (
		patterns [][]token
		index    = map[string]int{}
		entries  = map[*statement][]entry{}
	)
	e.eachPolicy(func(_ layerRef, p *Policy) {
		if p.invalid {
			return
		}
		for i := range p.statements {
			s := &p.statements[i]
			if len(s.resources) == 0 || !e.actionMatches(s) {
				continue
			}
			list := make([]entry, 0, len(s.resources))
			for j := range s.resources {
				r := &s.resources[j]
				en := entry{pattern: -1, maybe: r.state == arnDoubt}
				switch {
				case r.tail != nil:
					tail, is := e.expandTokens(tokens(r.head), r.tail)
					if is == boundNull || r.state == arnBad {
						continue
					}
					en.maybe = en.maybe || is == boundUnknown
					en.pattern = len(patterns)
					patterns = append(patterns, arnTokens(tail))
				case r.any:
				default:
					at, known := index[r.text]
					if !known {
						t := r.tokens()
						if t == nil {
							continue
						}
						at = len(patterns)
						index[r.text] = at
						patterns = append(patterns, t)
					}
					en.pattern = at
				}
				list = append(list, en)
			}
			entries[s] = list
		}
	})
	found, ok := regions(universe, patterns)
	if !ok {
		return "the resources of the policies divide the requested ones into too many parts"
	}
	for _, r := range found {
		v := view{matches: make(map[*statement]Truth, len(entries)), witness: r.witness}
		for s, list := range entries {
			t := False
			for _, en := range list {
				if en.pattern < 0 || r.bits[en.pattern] == 1 {
					if en.maybe {
						t = or(t, Unknown)
					} else {
						t = True
					}
				}
			}
			if s.notResource {
				t = not(t)
			}
			v.matches[s] = t
		}
		e.views = append(e.views, v)
	}
	if len(e.views) == 0 {
		return "the glob of the request matches no resource"
	}
	return ""
}

// universe is the glob of the request. ${*}, ${?} and ${$} are literal characters.
func (e *evaluation) universe() (t []token, problem string) {
	parts, ok := parseTemplate(e.req.Resource)
	if !ok {
		return nil, "the glob of the request has a \"${\" that is not ${*}, ${?} or ${$}"
	}
	if parts == nil {
		t = tokens(e.req.Resource)
	}
	for _, p := range parts {
		switch {
		case p.key != "":
			return nil, "the glob of the request has a policy variable"
		case p.literal != 0:
			t = append(t, token(p.literal))
		default:
			t = append(t, tokens(p.text)...)
		}
	}
	colons := 0
	for _, u := range t {
		if u == ':' {
			colons++
		}
	}
	if colons < 5 || !slices.Equal(t[:4], []token{'a', 'r', 'n', ':'}) {
		return nil, "the glob of the request is not an ARN of six fields"
	}
	return arnTokens(t), ""
}

// judge decides for every view: one resource that is denied denies the set, and
// only if all are allowed it is allowed.
func (e *evaluation) judge() verdict {
	if e.views == nil {
		return e.decide()
	}
	var worst verdict
	denied := 0
	for i := range e.views {
		e.matched = e.views[i].matches
		v := e.decide()
		v.view = i
		if v.result == Denied {
			denied++
		}
		if i == 0 || harm(v.result) > harm(worst.result) {
			worst = v
		}
	}
	worst.part = denied > 0 && denied < len(e.views)
	if worst.result == Undecided {
		worst.part = len(e.views) > 1
	}
	e.matched = e.views[worst.view].matches
	if len(e.views) > 1 {
		e.decide() // leaves the state of that view
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
func (e *evaluation) eachView(visit func(*view)) {
	if e.views == nil {
		visit(&view{})
		return
	}
	before := e.matched
	for i := range e.views {
		e.matched = e.views[i].matches
		visit(&e.views[i])
	}
	e.matched = before
}

// witness is a resource for which the verdict holds, where it holds for a part only.
func (e *evaluation) witness(v verdict) string {
	if !v.part || e.views == nil {
		return ""
	}
	return strings.Clone(e.views[v.view].witness)
}
