package iam

import (
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// Kleene's logic says unknown more often than it must: one Allow if k is 1 and
// another if k is not 1 allow whatever k is. So an undecided request is decided
// again for representative values of its unknown keys, one for each way in which
// the conditions can tell values apart, before "unknown" is said.

// maxTrials bounds the assignments that are tried, maxEffort the comparisons
// that they cost together.
const (
	maxTrials = 4_096
	maxEffort = 10_000_000
)

// NotSent is how AllowWhen and DenyWhen of a [Decision] write an absent key.
const NotSent = "(not sent)"

// axis is an unknown key and the values tried for it.
type axis struct {
	key    string
	values []contextkey.Value
	open   bool // the values do not stand for all there are
}

// unresolved is what keeps a request from a decision.
type unresolved struct {
	tests map[string][]*condition.Condition // conditions by unknown key
	open  map[string]bool                   // unknown keys that variables use
}

// resolve tries the unknown keys of an undecided request.
func (e *Evaluation) resolve(first verdict) Decision {
	u := e.unresolved()
	axes := e.axes(u)
	trials, found := e.trials(axes)
	if d, done := e.unanimous(axes, found, trials); done {
		return d
	}

	d := Decision{Result: Undecided, Reason: first.reason, UnknownLayers: e.unread(), Witness: e.witness(first)}
	for _, name := range d.UnknownLayers {
		if reason := e.in.NotReadBecause(name); reason != "" && !slices.Contains(d.NotRead, reason) {
			d.NotRead = append(d.NotRead, reason)
		}
	}
	slices.Sort(d.NotRead)
	if e.state.invalid {
		d.Errors = e.errors()
	}
	for i, a := range axes {
		if a.open || decides(axes, found, i) {
			d.UnknownKeys = append(d.UnknownKeys, a.key)
		}
	}
	d.UnknownKeys = append(d.UnknownKeys, e.unknownIdentity()...)
	slices.Sort(d.UnknownKeys)
	d.UnknownKeys = slices.Compact(d.UnknownKeys)
	allow, deny := trials[Allowed], trials[Denied]
	if allow == nil || deny == nil {
		if wide := e.guesses(axes, u); wide != nil {
			found, _ := e.trials(wide)
			axes = wide
			allow, deny = found[Allowed], found[Denied]
		}
	}
	d.AllowWhen, d.DenyWhen = assignment(axes, allow), assignment(axes, deny)
	return d
}

// unresolved collects the conditions and variables of undecided statements that
// hang on keys which are not known.
func (e *Evaluation) unresolved() *unresolved {
	u := &unresolved{tests: map[string][]*condition.Condition{}, open: map[string]bool{}}
	unknown := func(key string) bool { return e.Keys.Lookup(key).State == contextkey.StateUnknown }
	seen := map[*statement.Statement]bool{}
	e.EachView(func() {
		e.Each(func(_ Place, _ *policy.Policy, s *statement.Statement, t logic.Truth) {
			if t != logic.Unknown || seen[s] {
				return
			}
			seen[s] = true
			for i := range s.Resources {
				for _, p := range s.Resources[i].Tail {
					if p.Key != "" && unknown(p.Key) {
						u.open[p.Key] = true
					}
				}
			}
			for i := range s.Conditions {
				c := &s.Conditions[i]
				if unknown(c.Key) {
					u.tests[c.Key] = append(u.tests[c.Key], c)
				}
				for j := range c.Operands {
					for _, p := range c.Operands[j].Parts {
						if p.Key != "" && unknown(p.Key) {
							u.open[p.Key] = true
							if unknown(c.Key) {
								u.open[c.Key] = true
							}
						}
					}
				}
			}
		})
	})
	return u
}

// unknownIdentity names the keys that would say what is not known of the caller
// and of the owner of the resource, where that matters.
func (e *Evaluation) unknownIdentity() (keys []string) {
	p := &e.req.Principal
	if e.state.same == logic.Unknown && p.Kind != principal.ServiceKind && p.Kind != principal.AnonymousKind {
		if p.Account == "" {
			keys = append(keys, "aws:principalaccount")
		} else {
			keys = append(keys, "aws:resourceaccount")
		}
	}
	e.Each(func(ref Place, _ *policy.Policy, s *statement.Statement, t logic.Truth) {
		if ref.Kind != PlaceResource || t != logic.Unknown {
			return
		}
		for i := range s.Principals {
			en := &s.Principals[i]
			if _, t := p.HasID(en.Text); en.Kind == principal.IDEntry && t == logic.Unknown ||
				en.Kind == principal.SessionEntry && p.Session == "" && en.Account == p.Account && en.Name == p.RoleName {
				keys = append(keys, "aws:userid")
			}
		}
	})
	return keys
}

// axes gives each unknown key its representative values, the keys in their order.
// A key whose values cannot all be represented, or for which there is no room, is
// left open: its value stays unknown.
func (e *Evaluation) axes(u *unresolved) []axis {
	keys := slices.Collect(maps.Keys(u.tests))
	for k := range u.open {
		if _, also := u.tests[k]; !also {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	axes := make([]axis, 0, len(keys))
	for _, k := range keys {
		a := axis{key: k, open: u.open[k]}
		if domain := e.Keys.Lookup(k).Domain; len(domain) > 0 {
			a.open, a.values = false, domain
		} else if !a.open {
			var ok bool
			a.values, ok = condition.Represent(&e.Keys, &e.budget, k, u.tests[k])
			a.open = !ok
		}
		if a.open {
			a.values = []contextkey.Value{{}}
		}
		axes = append(axes, a)
	}
	for limit := e.affordable(); size(axes) > limit; {
		widest := 0
		for i := range axes {
			if len(axes[i].values) > len(axes[widest].values) {
				widest = i
			}
		}
		axes[widest].open, axes[widest].values = true, []contextkey.Value{{}}
	}
	return axes
}

func size(axes []axis) int {
	n := 1
	for _, a := range axes {
		if n *= len(a.values); n > maxTrials {
			break
		}
	}
	return n
}

// affordable is how often the request can be decided within maxEffort.
func (e *Evaluation) affordable() int {
	effort := 1
	e.EachPolicy(func(_ Place, p *policy.Policy) {
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			effort += 1 + len(s.Actions) + len(s.Resources) + len(s.Principals)
			for j := range s.Conditions {
				effort += 1 + len(s.Conditions[j].Operands)
			}
		}
	})
	return max(1, min(maxTrials, maxEffort/(effort*max(1, len(e.views)))))
}

// trials decides for every assignment. It gives the first assignment for each
// result, and all results in the order of the assignments.
func (e *Evaluation) trials(axes []axis) (first [3][]int, results []Result) {
	at, implicitly := make([]int, len(axes)), false
	base := len(e.Keys.Assumed)
	e.denials = make([]int, len(e.views))
	for {
		for i, a := range axes {
			e.Keys.Assumed = append(e.Keys.Assumed, contextkey.Binding{Key: a.key, Value: a.values[at[i]]})
		}
		v := e.judge()
		e.Keys.Assumed = e.Keys.Assumed[:base]
		results = append(results, v.result)
		// An implicit deny shows better why no value helps.
		implicit := v.result == Denied && v.reason != ReasonExplicitDeny
		if first[v.result] == nil || implicit && !implicitly {
			first[v.result] = append(make([]int, 0, len(at)+1), at...)
			implicitly = implicitly || implicit
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(axes[i].values) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return first, results
		}
	}
}

// unanimous is the decision that every assignment led to.
func (e *Evaluation) unanimous(axes []axis, results []Result, first [3][]int) (Decision, bool) {
	r := results[0]
	if r == Undecided {
		return Decision{}, false
	}
	for _, other := range results {
		if other != r {
			return Decision{}, false
		}
	}
	always, everywhere, butNamed := -1, true, true
	for i, n := range e.denials {
		switch {
		case n < len(results):
			everywhere, butNamed = false, butNamed && e.views[i].named
		case always < 0:
			always = i
		}
	}
	for i, a := range axes {
		e.Keys.Assumed = append(e.Keys.Assumed, contextkey.Binding{Key: a.key, Value: a.values[first[r][i]]})
	}
	v := e.judge()
	if r == Denied && !everywhere {
		// Some values deny all of the resources and others some of them. The
		// witness is one that all of them deny, if there is one.
		if always >= 0 {
			e.look(always)
			v = e.decide()
			v.view = always
		}
		v.part, v.butNamed = true, butNamed
	}
	return e.decided(v), true
}

// decides reports whether the value of axis i ever changes the result. Where no
// assignment decides anything, every key may matter.
func decides(axes []axis, results []Result, i int) bool {
	stride := 1
	for _, a := range axes[i+1:] {
		stride *= len(a.values)
	}
	n := len(axes[i].values)
	definite := false
	for at, r := range results {
		if r != Undecided {
			definite = true
		}
		if at/stride%n != 0 && r != results[at-stride] {
			return true
		}
	}
	return !definite
}

// guesses gives open keys some values that are worth trying, to show how the
// answer may come out; they prove nothing.
func (e *Evaluation) guesses(axes []axis, u *unresolved) []axis {
	wide := slices.Clone(axes)
	open, limit := false, e.affordable()
	for i := range wide {
		a := &wide[i]
		if !a.open {
			continue
		}
		open = true
		one := contextkey.One
		if catalog.Multivalued(a.key) == logic.True {
			one = func(s string) contextkey.Value { return contextkey.Many(s) }
		}
		a.values = []contextkey.Value{contextkey.Absent(), one("x")}
		for _, c := range u.tests[a.key] {
			for j := range c.Operands {
				if o := &c.Operands[j]; o.Parts == nil && !strings.ContainsAny(o.Text, "*?") {
					a.values = append(a.values, one(o.Text))
				}
			}
		}
		if u.open[a.key] {
			for _, part := range strings.FieldsFunc(e.Resource.Text, func(r rune) bool { return r == '/' || r == ':' }) {
				a.values = append(a.values, one(part))
			}
			for _, tests := range u.tests {
				for _, c := range tests {
					if v := e.Keys.Lookup(c.Key); v.State == contextkey.StatePresent && !v.Multi {
						a.values = append(a.values, v)
					}
				}
			}
		}
		a.values = a.values[:min(len(a.values), 12)]
	}
	for i := range wide {
		if size(wide) > limit && len(wide[i].values) > 2 {
			wide[i].values = wide[i].values[:2]
		}
	}
	if !open || size(wide) > limit {
		return nil
	}
	return wide
}

// assignment writes one assignment for people; nil for none.
func assignment(axes []axis, at []int) map[string]string {
	if at == nil {
		return nil
	}
	m := make(map[string]string, len(axes))
	for i, a := range axes {
		switch v := a.values[at[i]]; v.State {
		case contextkey.StateAbsent:
			m[a.key] = NotSent
		case contextkey.StatePresent:
			m[a.key] = strings.Join(v.Values, ",")
		}
	}
	return m
}
