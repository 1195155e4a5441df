package explain

import (
	"slices"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// candidate is a statement that would allow the request if it were a little different.
type candidate struct {
	p *policy.Policy
	s *statement.Statement
	nearness
}

// nearness is how near a statement comes to a request, what counts most first: it is about the
// service at all; its resources; its actions; its principals; its conditions.
type nearness [5]int

// nearest finds the statement of a layer that comes nearest to allow the request; s is nil
// where none allows anything. It is the first of those that are equally near.
func (e *explanation) nearest(layer iam.Place) (best candidate, policies []*policy.Policy) {
	e.EachPolicy(func(ref iam.Place, p *policy.Policy) {
		if ref != layer {
			return
		}
		policies = append(policies, p)
		if !p.Valid() {
			return
		}
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			if s.Effect != statement.Allow {
				continue
			}
			if n := e.nearness(ref, p, s); best.s == nil || slices.Compare(n[:], best.nearness[:]) > 0 {
				best = candidate{p, s, n}
			}
		}
	})
	return best, policies
}

func (e *explanation) nearness(ref iam.Place, p *policy.Policy, s *statement.Statement) nearness {
	covers := s.CoversAction(e.req.Action)
	n := nearness{1, e.resourceNearness(p, s, covers), 1, 0, 0}
	switch {
	case covers:
		n[2] = 2
	case !e.sameService(s):
		n[0], n[2] = 0, 0
	}
	if ref.Kind == iam.PlaceResource {
		n[3] = e.principalNearness(p, s)
	}
	for i := range s.Conditions {
		n[4] += weight(s.Conditions[i].Holds(&e.Keys, false)) - 2
	}
	return n
}

// resourceNearness: a statement on "*" says nothing of what it is for, unless it allows the action.
func (e *explanation) resourceNearness(p *policy.Policy, s *statement.Statement, coversAction bool) int {
	// The resource of a key policy is its key.
	if !coversAction && p.Kind() != policy.Key && (s.NotResource || slices.ContainsFunc(s.Resources, general)) {
		return 0
	}
	switch e.Overlap(s, p.Kind()) {
	case iam.Wholly:
		return 3
	case iam.Partly:
		return 2
	}
	if !s.NotResource && slices.ContainsFunc(s.Resources, func(r statement.Resource) bool { return e.sameBucket(&r) }) {
		return 1
	}
	return 0
}

// general reports whether an entry names no bucket, key or other thing.
func general(r statement.Resource) bool {
	cut := match.CutARN(r.Written)
	return r.Any || cut >= 0 && strings.HasPrefix(r.Written[cut:], "*")
}

// principalNearness: who is meant and written wrongly comes before somebody else.
func (e *explanation) principalNearness(p *policy.Policy, s *statement.Statement) int {
	switch e.PrincipalClasses(s, p.Kind()).Of(principal.AnyClass) {
	case logic.True:
		return 3
	case logic.Unknown:
		return 2
	}
	if en := e.meant(s); en != nil && en.Kind != principal.IDEntry {
		return 1
	}
	return 0
}

// meant is the entry of Principal that may be meant for the caller and does not name it, nil if
// there is none: the id of a role or user, and the caller's role with another path.
func (e *explanation) meant(s *statement.Statement) *principal.Entry {
	p := &e.req.Principal
	for i := range s.Principals {
		switch en := &s.Principals[i]; {
		case s.NotPrincipal:
		case en.Kind == principal.RoleEntry && en.Account == p.Account && en.Name == p.RoleName, en.Kind == principal.IDEntry:
			return en
		}
	}
	return nil
}

// sameService reports whether one of the statement's actions is of the request's service.
func (e *explanation) sameService(s *statement.Statement) bool {
	service, _, _ := strings.Cut(e.req.Action, ":")
	return s.NotAction || slices.ContainsFunc(s.Actions, func(g match.Glob) bool {
		of, _, _ := strings.Cut(g.Text, ":")
		return match.Match(of, match.LowerASCII(service))
	})
}

func weight(t logic.Truth) int {
	switch t {
	case logic.True:
		return 2
	case logic.Unknown:
		return 1
	}
	return 0
}

// nearestResource is the entry that shares most of its beginning with the request's resource.
func (e *explanation) nearestResource(s *statement.Statement) *statement.Resource {
	var best *statement.Resource
	longest := -1
	for i := range s.Resources {
		r := &s.Resources[i]
		if n := commonPrefix(r.Written, e.Resource.Text); n > longest {
			best, longest = r, n
		}
	}
	return best
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// sameBucket reports whether an entry names the first part of the request's
// resource: the bucket of an object.
func (e *explanation) sameBucket(r *statement.Resource) bool {
	cut := match.CutARN(r.Written)
	return cut >= 0 && e.Resource.Cut >= 0 && firstPart(r.Written[cut:]) == firstPart(e.Resource.Text[e.Resource.Cut:])
}

func firstPart(s string) string {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return s[:i]
	}
	return s
}
