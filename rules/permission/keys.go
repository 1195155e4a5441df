package permission

import (
	"iter"
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/permission/demand"
)

// Keys are those of a rule's keys that a denial is about, where it is not about all and they
// are known by prefixes: all outside of some, or all under some.
type Keys struct{ Outside, Under []string }

// String says in words which keys they are, such as "keys outside orders/2026/".
func (k *Keys) String() string {
	if len(k.Outside) > 0 {
		return "keys outside " + strings.Join(k.Outside, ", ")
	}
	return "keys under " + strings.Join(k.Under, ", ")
}

// AllOf reports whether denials of these keys are together about every key of the rule.
func (p Promise) AllOf(denied []*Keys) bool {
	rule := p.of.Rule
	left, under := []string{rule.Prefix}, slices.Clone(rule.Exclude.Prefixes)
	for _, k := range denied {
		under = append(under, k.Under...)
		if len(k.Outside) == 0 {
			continue
		}
		var both []string
		for _, l := range left {
			for _, o := range k.Outside {
				switch {
				case strings.HasPrefix(o, l):
					both = append(both, o)
				case strings.HasPrefix(l, o):
					both = append(both, l)
				}
			}
		}
		left = both
	}
	return !slices.ContainsFunc(left, func(l string) bool {
		return !slices.ContainsFunc(under, func(u string) bool { return strings.HasPrefix(l, u) })
	})
}

// some says in words which keys a denial is about, where it is not about all; "" where it is
// about every object of the class. They are known where the policies cut the keys into parts.
func (e *evaluation) some(c *Cell) (string, *Keys) {
	if c.Result != iam.Denied || c.Witness == "" || c.butNamed && !e.namedArrives(c.Requirement) {
		return "", nil
	}
	if c.Requirement.On == demand.TheObjects && !c.butNamed {
		if k := e.denied(c.Requirement); k != nil {
			return k.String(), k
		}
	}
	return KeysSuchAs(c.WitnessKey()), nil
}

// KeysSuchAs are some keys in words, by one of them.
func KeysSuchAs(key string) string { return "keys such as " + key }

// most is how many prefixes are named, and how many keys are asked for.
const most = 3

// denied are the keys that are denied to objects of the class at hand by a requirement that
// some keys fail; nil where they are not known by a few prefixes.
//
// The patterns of the policies over the request cut the keys of the rule into parts, each of
// which is decided by itself. All keys in none of them are alike.
func (e *evaluation) denied(r *demand.Requirement) *Keys {
	parts, ok := e.parts(e.sideOf(r.Layer))
	if !ok || len(parts) == 0 {
		return nil
	}
	defer func(before string) { e.keys = before }(e.keys)
	var k Keys
	for _, prefix := range parts {
		e.keys = contextkey.EscapeGlob(prefix) + "*"
		switch part := e.cell(r); {
		case part.Result == iam.Allowed:
			k.Outside = append(k.Outside, prefix)
		case part.Result == iam.Denied && part.Witness == "":
			k.Under = append(k.Under, prefix)
		default:
			return nil
		}
		if len(k.Outside) > 0 && len(k.Under) > 0 {
			return nil
		}
	}
	return &k
}

// parts are the prefixes by which the policies of a side and of the role tell keys of the
// rule apart, sorted; false where they use other patterns, or many.
func (e *evaluation) parts(s *side) ([]string, bool) {
	all := s.bucketARN + "/" + e.link.Rule.Prefix
	var list []string
	for pattern := range e.resources(s) {
		if strings.Contains(pattern, "${") {
			return nil, false
		}
		if match.Covers(pattern, all) || !match.Meets(pattern, all) {
			continue
		}
		prefix, ok := strings.CutPrefix(strings.TrimSuffix(pattern, "*"), s.bucketARN+"/")
		if !ok || !strings.HasSuffix(pattern, "*") || strings.ContainsAny(prefix, "*?") {
			return nil, false
		}
		excluded := slices.ContainsFunc(e.link.Rule.Exclude.Prefixes, func(p string) bool { return strings.HasPrefix(prefix, p) })
		if excluded || slices.Contains(list, prefix) {
			continue
		}
		if list = append(list, prefix); len(list) > most {
			return nil, false
		}
	}
	slices.Sort(list)
	return list, true
}

// resources are the patterns of resources in the policies of a side and of the role.
func (e *evaluation) resources(s *side) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, policies := range [2][]*Policy{e.rolePolicies, s.policies} {
			for _, p := range policies {
				for _, info := range p.infos() {
					for _, pattern := range info.Resources {
						if !yield(pattern) {
							return
						}
					}
				}
			}
		}
	}
}

// namedArrives reports whether a requirement that is denied but for single objects that the
// policies name in full is met for one of these, of the first few.
func (e *evaluation) namedArrives(r *demand.Requirement) bool {
	s, rule := e.sideOf(r.Layer), &e.link.Rule
	var keys []string
	add := func(pattern string) {
		key, ok := strings.CutPrefix(pattern, s.bucketARN+"/")
		if ok && key != "" && !strings.ContainsAny(key, "*?$") && rule.Matches(key, rule.Tags) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if r.On == demand.TheObjects {
		for pattern := range e.resources(s) {
			add(pattern)
		}
	}
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, u := range p.Uses {
				if s.key != nil && u.Key == contextKey {
					add(u.Value)
				}
			}
		}
	}
	slices.Sort(keys)
	defer func() { e.object = "" }()
	return slices.ContainsFunc(keys[:min(len(keys), most)], func(key string) bool {
		e.object = key
		c := e.cell(r)
		return c.Result == iam.Allowed
	})
}
