package permission

import (
	"iter"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/permission/demand"
)

// AllDenied reports whether cells that deny some keys deny every key of the rule together.
// It is false where that is not known.
func (p Promise) AllDenied(cells []*Cell) bool {
	e := p.of.asked.evaluation()
	var layers []demand.Layer
	for _, c := range cells {
		if c.ofTags || c.Result != iam.Denied {
			return false // objects without these tags are not denied
		}
		if !slices.Contains(layers, c.Layer) {
			layers = append(layers, c.Layer)
		}
	}
	keys, ok := e.kinds(layers...)
	return ok && !slices.ContainsFunc(keys, func(key string) bool {
		e.object = key
		return !slices.ContainsFunc(cells, func(c *Cell) bool {
			e.encryption = c.encryption
			one := e.cell(c.Requirement)
			return one.Result == iam.Denied
		})
	})
}

// mostKinds bounds the keys that are decided each by itself.
const mostKinds = 64

// kinds are keys of the rule: one of each set of keys that the policies over the requests of
// these layers cannot tell apart. It is false where they are not known, or are many.
func (e *evaluation) kinds(layers ...demand.Layer) (keys []string, ok bool) {
	var patterns [][]match.Token
	for _, prefix := range e.link.Rule.Exclude.Prefixes {
		patterns = append(patterns, append(match.AppendLiteral(nil, prefix), match.Run))
	}
	excluded := len(patterns)
	for _, layer := range layers {
		s := e.sideOf(layer)
		found, ok := e.patterns(s)
		if !ok {
			return nil, false
		}
		for _, p := range found {
			for _, rest := range match.After(p, s.bucketARN+"/") {
				if !slices.ContainsFunc(patterns[excluded:], func(known []match.Token) bool { return slices.Equal(known, rest) }) {
					patterns = append(patterns, rest)
				}
			}
		}
	}
	universe := append(match.AppendLiteral(nil, e.link.Rule.Prefix), match.Run)
	if e.link.Rule.Prefix == "" {
		universe = append(universe, match.One) // no object has an empty key
	}
	var budget match.Budget
	regions, ok := budget.Regions(universe, patterns)
	if !ok {
		return nil, false
	}
	for _, r := range regions {
		if strings.IndexByte(r.Bits[:excluded], 1) < 0 {
			keys = append(keys, r.Witness)
		}
	}
	return keys, len(keys) <= mostKinds
}

// patterns are those by which the policies of a side and of the role tell objects apart, by
// their ARNs; false where they do so in another way.
func (e *evaluation) patterns(s *side) (list [][]match.Token, ok bool) {
	if s.key == nil {
		for pattern := range e.resources(s) {
			if strings.Contains(pattern, "${") {
				return nil, false
			}
			list = append(list, match.Tokens(pattern))
		}
		return list, true
	}
	for _, policies := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range policies {
			for _, u := range p.Uses {
				switch {
				case u.Key != contextKey || u.Alike(s.bucketARN+"/"+e.link.Rule.Prefix):
				case strings.Contains(u.Value, "${"), strings.Contains(u.Operator, "ignorecase"):
					return nil, false
				case strings.Contains(u.Operator, "like"), strings.Contains(u.Operator, "arn"):
					list = append(list, match.Tokens(u.Value))
				default:
					list = append(list, match.AppendLiteral(nil, u.Value))
				}
			}
		}
	}
	return list, true
}

// some says which keys a denial is about, in words too, where it is not about all; "" where it is
// about every object of the class. They are known where the policies cut the keys into parts.
func (e *evaluation) some(c *Cell) (string, finding.Keys) {
	if c.Result != iam.Denied || c.Witness == "" || c.butNamed && !e.namedArrives(c.Requirement) {
		return "", finding.Keys{}
	}
	if c.Requirement.On == demand.TheObjects && !c.butNamed {
		if k := e.denied(c.Requirement); len(k.Outside)+len(k.Under) > 0 {
			return k.String(), k
		}
	}
	k := finding.Keys{SuchAs: c.WitnessKey(), Patterns: e.distinctions(e.sideOf(c.Layer))}
	return k.String(), k
}

// distinctions are the patterns, as policies write them, by which these tell objects of the rule
// apart, sorted.
func (e *evaluation) distinctions(s *side) (list []string) {
	all := s.bucketARN + "/" + e.link.Rule.Prefix
	if s.key == nil {
		for pattern := range e.resources(s) {
			if strings.Contains(pattern, "${") || match.Meets(pattern, all) && !match.Covers(pattern, all) {
				list = append(list, pattern)
			}
		}
	} else {
		for _, policies := range [2][]*Policy{e.rolePolicies, s.policies} {
			for _, p := range policies {
				for _, u := range p.Uses {
					if u.Key == contextKey && !u.Alike(all) {
						list = append(list, u.Operator+" "+u.Value)
					}
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// most is how many prefixes are named, and how many keys are asked for.
const most = 3

// denied are the keys of the class at hand that a requirement denies which some keys fail;
// none where they are not known by a few prefixes.
//
// The patterns of the policies over the request cut the keys of the rule into parts, each of
// which is decided by itself. All keys in none of them are alike.
func (e *evaluation) denied(r *demand.Requirement) (none finding.Keys) {
	parts, ok := e.parts(e.sideOf(r.Layer))
	if !ok || len(parts) == 0 {
		return none
	}
	defer func(before string) { e.keys = before }(e.keys)
	var outside, under []string
	for _, prefix := range parts {
		e.keys = contextkey.EscapeGlob(prefix) + "*"
		switch part := e.cell(r); {
		case part.Result == iam.Allowed:
			outside = append(outside, prefix)
		case part.Result == iam.Denied && part.Witness == "":
			under = append(under, prefix)
		default:
			return none
		}
	}
	switch {
	case len(under) == 0:
		return finding.Keys{Outside: outside, Within: e.link.Rule.Prefix}
	case len(outside) == 0:
		return finding.Keys{Under: under}
	}
	return none
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
