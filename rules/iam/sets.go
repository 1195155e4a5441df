package iam

import (
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

// view is a part of the requests that a decision is about, all of which every
// statement treats alike: some of the resources of a glob, some of the values of
// keys that take each value of one.
type view struct {
	matches []logic.Truth        // how the resources relate to each statement, by its slot; nil: compare
	given   []contextkey.Binding // what the keys are
	witness string
	named   bool // it is no more than what a pattern without wildcards names
}

// namesIn are the patterns without wildcards.
func namesIn(patterns [][]match.Token) (at []int) {
	for i, p := range patterns {
		if !slices.ContainsFunc(p, func(t match.Token) bool { return t < 0 }) {
			at = append(at, i)
		}
	}
	return at
}

// named reports whether a region, of which the patterns match those with a bit, is no more
// than one of the names at these places.
func named(names []int, bits string) bool {
	return slices.ContainsFunc(names, func(i int) bool { return bits[i] != 0 })
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

// covers reports whether a statement covers a region, by the patterns that match it.
func (w *row) covers(bits string) logic.Truth {
	t := logic.False
	for _, en := range w.entries {
		switch {
		case en.pattern >= 0 && bits[en.pattern] == 0:
		case en.maybe:
			t = logic.Or(t, logic.Unknown)
		default:
			t = logic.True
		}
	}
	if w.negated {
		t = logic.Not(t)
	}
	return t
}

// maxViews bounds the parts of a request.
const maxViews = 4 * match.MaxRegions

// divide splits a request for many into views. It gives the reason where it cannot.
func (e *Evaluation) divide() (problem string) {
	var views []view
	if !e.req.ResourceIsGlob {
		views = []view{{}}
	} else if views, problem = e.divideResources(); problem != "" {
		return problem
	}
	for _, key := range slices.Sorted(maps.Keys(e.req.Context)) {
		v := e.req.Context[key]
		if v.State != contextkey.StateEach {
			continue
		}
		universe, problem := contextkey.GlobTokens(v.Values[0])
		if problem != "" {
			return problem
		}
		patterns, ok := e.patternsOf(key)
		if !ok {
			continue // the key stays unknown
		}
		found, problem := e.regions(universe, patterns, v.Values[1:], func(t []match.Token) []match.Token { return t })
		switch {
		case problem != "":
			return problem
		case len(found)*len(views) > maxViews:
			return tooMany
		case len(found) == 0:
			return "the glob of the key " + key + " matches no value"
		}
		names := namesIn(patterns)
		var finer []view
		for _, w := range views {
			for _, r := range found {
				n := view{w.matches, append(slices.Clip(w.given), contextkey.Binding{Key: key, Value: contextkey.One(r.Witness)}), w.witness, w.named || named(names, r.Bits)}
				if w.matches == nil {
					n.witness = r.Witness
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
func (e *Evaluation) patternsOf(key string) (patterns [][]match.Token, ok bool) {
	var tests []*condition.Condition
	ok = true
	e.EachPolicy(func(_ Place, p *policy.Policy) {
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			for j := range s.Resources {
				for _, part := range s.Resources[j].Tail {
					ok = ok && part.Key != key
				}
			}
			for j := range s.Conditions {
				c := &s.Conditions[j]
				for k := range c.Operands {
					for _, part := range c.Operands[k].Parts {
						ok = ok && part.Key != key
					}
				}
				if c.Key == key && c.Op != condition.Null {
					ok = ok && c.IsText()
					tests = append(tests, c)
				}
			}
		}
	})
	if !ok {
		return nil, false
	}
	return condition.Patterns(&e.Keys, tests)
}

// divideResources splits the resources of a glob by the statements that match them.
func (e *Evaluation) divideResources() (views []view, problem string) {
	universe, problem := contextkey.GlobTokens(e.req.Resource)
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
	case colons < 5 || !slices.Equal(universe[:4], []match.Token{'a', 'r', 'n', ':'}):
		return nil, "the glob of the request is not an ARN of six fields"
	case upper:
		return nil, upperCase
	}

	var (
		patterns = make([][]match.Token, 0, 8)
		index    = map[string]int{}
		rows     = make([]row, 0, 8) // by slot
		entries  = make([]entry, 0, 8)
	)
	put := func(text string, toks []match.Token) int {
		at, known := index[text]
		if !known || text == "" {
			at = len(patterns)
			patterns = append(patterns, toks)
		}
		if text != "" {
			index[text] = at
		}
		return at
	}
	e.slots = map[*statement.Statement]int{}
	e.EachPolicy(func(_ Place, p *policy.Policy) {
		if !p.Valid() {
			return
		}
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			if len(s.Resources) == 0 || !s.CoversAction(e.req.Action) {
				continue
			}
			first := len(entries)
			entries = e.entriesOf(s, entries, put)
			e.slots[s] = len(rows)
			rows = append(rows, row{entries[first:len(entries):len(entries)], s.NotResource})
		}
	})
	found, problem := e.regions(match.ARNTokens(universe), patterns, e.req.Except, match.ARNTokens)
	switch {
	case problem != "":
		return nil, problem
	case len(found) == 0:
		return nil, "the glob of the request matches no resource"
	}
	views = make([]view, len(found))
	names := namesIn(patterns)
	all := make([]logic.Truth, len(found)*len(rows))
	for i, r := range found {
		matches := all[i*len(rows) : (i+1)*len(rows)]
		for slot, row := range rows {
			matches[slot] = row.covers(r.Bits)
		}
		views[i] = view{matches: matches, witness: r.Witness, named: named(names, r.Bits)}
	}
	return views, ""
}

// regions divides a universe by patterns, without the texts that the exceptions match.
func (e *Evaluation) regions(universe []match.Token, patterns [][]match.Token, except []string,
	read func([]match.Token) []match.Token) (found []match.Region, problem string) {
	first := len(patterns)
	for _, glob := range except {
		t, problem := contextkey.GlobTokens(glob)
		if problem != "" {
			return nil, problem
		}
		patterns = append(patterns, read(t))
	}
	found, ok := e.budget.Regions(universe, patterns)
	if !ok {
		return nil, tooMany
	}
	if len(except) > 0 {
		found = slices.DeleteFunc(found, func(r match.Region) bool { return strings.IndexByte(r.Bits[first:], 1) >= 0 })
	}
	return found, ""
}

// entriesOf adds the entries of a statement to a list. put gives the pattern of some tokens
// a number; text is the same for equal patterns, "" where that is not known.
func (e *Evaluation) entriesOf(s *statement.Statement, list []entry, put func(text string, toks []match.Token) int) []entry {
	for j := range s.Resources {
		r := &s.Resources[j]
		en := entry{pattern: -1, maybe: r.State == match.Doubt}
		switch {
		case r.State == match.Bad:
			continue
		case r.Tail != nil:
			t, is := e.Keys.ExpandTokens(match.Tokens(r.Head), r.Tail)
			if is == contextkey.Null {
				continue
			}
			en.maybe = en.maybe || is == contextkey.Unknown
			en.pattern = put("", match.ARNTokens(t))
		case r.Any:
		default:
			en.pattern = put(r.Text, r.Toks)
		}
		list = append(list, en)
	}
	return list
}

// Overlap is how much of what a request is about the Resource of a statement covers.
type Overlap uint8

// The overlaps.
const (
	Apart  Overlap = iota
	Partly         // some of the resources of a glob, or perhaps the resource
	Wholly
)

// Overlap compares the Resource or NotResource of a statement with all resources of the
// request, whatever its action is.
func (e *Evaluation) Overlap(s *statement.Statement, kind policy.Kind) Overlap {
	if !e.req.ResourceIsGlob || len(s.Resources) == 0 {
		switch e.ResourceMatches(s, kind) {
		case logic.True:
			return Wholly
		case logic.Unknown:
			return Partly
		}
		return Apart
	}
	if o, ok := e.overlapOfPrefixes(s); ok {
		return o
	}
	universe, problem := contextkey.GlobTokens(e.req.Resource)
	if problem != "" {
		return Partly
	}
	var patterns [][]match.Token
	w := row{negated: s.NotResource}
	w.entries = e.entriesOf(s, nil, func(_ string, toks []match.Token) int {
		patterns = append(patterns, toks)
		return len(patterns) - 1
	})
	e.budget = match.Budget{} // the request is decided
	found, problem := e.regions(match.ARNTokens(universe), patterns, e.req.Except, match.ARNTokens)
	if problem != "" {
		return Partly
	}
	all, some := true, false
	for _, r := range found {
		t := w.covers(r.Bits)
		all, some = all && t == logic.True, some || t != logic.False
	}
	switch {
	case all:
		return Wholly
	case some:
		return Partly
	}
	return Apart
}

// overlapOfPrefixes is [Evaluation.Overlap] where the glob and the entries are a text with at
// most a "*" at its end, which most are; ok is false for others.
func (e *Evaluation) overlapOfPrefixes(s *statement.Statement) (o Overlap, ok bool) {
	under, star := strings.CutSuffix(e.req.Resource, "*")
	if !star || strings.ContainsAny(under, "*?$") || len(e.req.Except) > 0 || s.NotResource {
		return Apart, false
	}
	partly := 0
	for i := range s.Resources {
		r := &s.Resources[i]
		text, star := strings.CutSuffix(r.Text, "*")
		switch {
		case r.State == match.Bad:
		case r.State != match.OK || r.Tail != nil || strings.ContainsAny(text, "*?"):
			return Apart, false
		case r.Any, star && strings.HasPrefix(under, text):
			return Wholly, true
		case strings.HasPrefix(text, under):
			partly++
		}
	}
	switch partly {
	case 0:
		return Apart, true
	case 1:
		return Partly, true
	}
	return Apart, false
}

// look turns the evaluation to a view.
func (e *Evaluation) look(i int) {
	e.view, e.matched, e.Keys.Given = i, e.views[i].matches, e.views[i].given
}

// judge decides for every view: one that is denied denies the request, and only
// if all are allowed it is allowed. The evaluation is left at the view that decided.
func (e *Evaluation) judge() verdict {
	if e.views == nil {
		return e.decide()
	}
	var worst verdict
	denied, single := 0, 0
	for i := range e.views {
		e.look(i)
		v := e.decide()
		v.view = i
		if v.result != Denied && e.views[i].named {
			single++
		}
		if v.result == Denied {
			denied++
			if e.denials != nil {
				e.denials[i]++
			}
		}
		if i == 0 || harm(v) > harm(worst) {
			worst = v
		}
	}
	switch worst.result {
	case Denied:
		worst.part, worst.butNamed = denied < len(e.views), denied+single == len(e.views)
	case Undecided:
		worst.part = len(e.views) > 1
	}
	e.look(worst.view)
	return worst
}

// harm orders verdicts. That a statement denies some resources says more than that none
// allows others, and does not depend on the order of the statements.
func harm(v verdict) int {
	switch {
	case v.result == Denied && v.reason == ReasonExplicitDeny:
		return 3
	case v.result == Denied:
		return 2
	case v.result == Undecided:
		return 1
	}
	return 0
}

// Divided reports whether the request is about the resources of a glob.
func (e *Evaluation) Divided() bool { return e.matched != nil }

// Abroad reports whether the caller is known to be of another account than the resource.
func (e *Evaluation) Abroad() bool { return e.state.same == logic.False }

// EachView visits the views of the request.
func (e *Evaluation) EachView(visit func()) {
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
func (e *Evaluation) witness(v verdict) string {
	if !v.part {
		return ""
	}
	return e.views[v.view].witness
}
