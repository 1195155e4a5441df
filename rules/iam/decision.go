package iam

import (
	"slices"
	"sort"
	"strings"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// Decide answers a request. It gives no words: package explain does. On an implicit
// deny and on Allowed, Deciding is empty.
//
// A layer, a level or a key that was not read is unknown and can never lead to
// [Allowed] by its absence. The same holds for a document that AWS would not store.
func Decide(req *Request, in *Input) Decision {
	e := Evaluation{req: req, in: in, Keys: contextkey.Known{Context: req.Context}}
	return e.answer()
}

// Examine is [Decide] for those who ask why: it leaves the evaluation, which is a
// zero value before, as it was when it decided.
func (e *Evaluation) Examine(req *Request, in *Input) Decision {
	e.req, e.in, e.Keys.Context = req, in, req.Context
	d := e.answer()
	if e.matched != nil && d.Result != Undecided {
		e.Resource = match.NewARN(e.views[e.view].witness)
	}
	return d
}

// answer decides for one resource or for each of a set.
func (e *Evaluation) answer() Decision {
	e.serviceLinked = e.req.Principal.ServiceLinked()
	problem := e.unfit()
	if problem == "" && (e.req.ResourceIsGlob || e.varies) {
		problem = e.divide()
	}
	if problem != "" {
		return Decision{Result: Undecided, Reason: ReasonUnknown, Unfit: true, UnknownLayers: []string{"request"}, Message: problem}
	}
	v := e.judge()
	if v.result == Undecided {
		return e.resolve(v)
	}
	return e.decided(v)
}

const upperCase = "the resource has upper-case letters before its sixth field, where AWS does not document whether case counts"

// unfit says why a request cannot be decided at all.
func (e *Evaluation) unfit() string {
	switch {
	case e.req.Principal.Kind == principal.Unknown:
		return "the kind of the caller is not known"
	case strings.IndexByte(e.req.Action, ':') <= 0 || strings.ContainsAny(e.req.Action, "*?"):
		return "the action " + e.req.Action + " is not one such as s3:GetObject"
	}
	for key, v := range e.req.Context {
		e.varies = e.varies || v.State == contextkey.StateEach
		for i := 0; i < len(key); i++ {
			if c := key[i]; c >= 'A' && c <= 'Z' {
				return "the context key " + key + " is not in lower case"
			}
		}
	}
	e.Resource = match.NewARN(e.req.Resource)
	if e.Resource.Cut >= 0 {
		if head := e.Resource.Text[:e.Resource.Cut]; match.LowerASCII(head) != head {
			return upperCase
		}
	}
	return ""
}

func (e *Evaluation) decided(v verdict) Decision {
	d := Decision{Result: v.result, Reason: v.reason, Layer: e.layerName(v.layer), Target: e.target(v.layer), Witness: e.witness(v), ButNamed: v.part && v.butNamed}
	if v.reason == ReasonExplicitDeny {
		e.Each(func(ref Place, p *policy.Policy, s *statement.Statement, t logic.Truth) {
			if s.Effect == statement.Deny && t == logic.True {
				d.Deciding = append(d.Deciding, e.StatementOf(ref, p, s))
			}
		})
	}
	if e.state.invalid {
		d.Errors = e.errors()
	}
	e.At = v.layer
	return d
}

// Each visits the statements of every layer that takes part, with what they say
// of the request; in the resource layer the caller is part of that.
func (e *Evaluation) Each(visit func(ref Place, p *policy.Policy, s *statement.Statement, t logic.Truth)) {
	e.EachPolicy(func(ref Place, p *policy.Policy) {
		if !p.Valid() {
			return
		}
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			t := e.Matches(s, p.Kind())
			if ref.Kind == PlaceResource && t != logic.False {
				t = logic.And(t, e.PrincipalClasses(s, p.Kind()).Of(principal.AnyClass))
			}
			visit(ref, p, s, t)
		}
	})
}

// EachPolicy visits the documents of every layer that takes part.
func (e *Evaluation) EachPolicy(visit func(ref Place, p *policy.Policy)) {
	one := func(ref Place, l *Layer, kind policy.Kind) {
		for _, p := range l.policies {
			if p != nil && (ref.Kind == PlaceResource && e.resourceKind(p.Kind()) || ref.Kind != PlaceResource && fits(p.Kind(), kind)) {
				visit(ref, p)
			}
		}
	}
	p := &e.req.Principal
	if p.Kind != principal.ServiceKind && p.Kind != principal.AnonymousKind {
		if p.Kind != principal.Root {
			one(Place{Kind: PlaceIdentity}, &e.in.Identity, policy.Identity)
			one(Place{Kind: PlaceBoundary}, &e.in.Boundary, policy.Identity)
			one(Place{Kind: PlaceSession}, &e.in.Session, policy.Identity)
		}
		if !p.InManagementAccount && !e.in.SCPs.notApplied && e.serviceLinked != logic.True {
			for i := range e.in.SCPs.levels {
				one(Place{PlaceSCP, i}, &e.in.SCPs.levels[i].Layer, policy.SCP)
			}
		}
	}
	if !e.in.RCPs.notApplied && e.serviceLinked != logic.True && !e.rcpExempt() {
		for i := range e.in.RCPs.levels {
			one(Place{PlaceRCP, i}, &e.in.RCPs.levels[i].Layer, policy.RCP)
		}
	}
	if !e.keyless() {
		one(Place{Kind: PlaceResource}, &e.in.Resource, 0)
	}
}

func (e *Evaluation) errors() (all []policy.Diagnostic) {
	e.EachPolicy(func(_ Place, p *policy.Policy) {
		if p.Valid() {
			return
		}
		for _, d := range p.Diagnostics() {
			if !d.Warning {
				if p.Name() != "" {
					d.Message = "policy " + p.Name() + ": " + d.Message
				}
				all = append(all, d)
			}
		}
	})
	return all
}

// StatementOf names a statement for a [Decision].
func (e *Evaluation) StatementOf(ref Place, p *policy.Policy, s *statement.Statement) Statement {
	return Statement{Layer: e.layerName(ref), Policy: p.Name(), Sid: s.Sid, Index: s.Index, Line: p.Line(s), Effect: s.Effect, Text: p.Written(s)}
}

// layerName is a layer as a [Decision] spells it.
func (e *Evaluation) layerName(ref Place) string {
	switch ref.Kind {
	case PlaceIdentity:
		return "identity"
	case PlaceBoundary:
		return "boundary"
	case PlaceSession:
		return "session"
	case PlaceSCP:
		return levelName("scp", &e.in.SCPs, ref.Level)
	case PlaceRCP:
		return levelName("rcp", &e.in.RCPs, ref.Level)
	case PlaceGrants:
		return "grants"
	case PlacePublic:
		return "restrictPublicBuckets"
	case PlaceResource:
		switch {
		case catalog.IsKMS(e.req.Action):
			return "key"
		case catalog.IsSTS(e.req.Action):
			return "trust"
		}
		return "resource"
	}
	return ""
}

// target is the id of a level of SCPs or RCPs, "" of other layers.
func (e *Evaluation) target(ref Place) string {
	levels := &e.in.SCPs
	switch ref.Kind {
	case PlaceRCP:
		levels = &e.in.RCPs
	case PlaceSCP:
	default:
		return ""
	}
	if ref.Level < len(levels.levels) {
		return levels.levels[ref.Level].Target
	}
	return ""
}

func levelName(kind string, l *Levels, level int) string {
	if target := l.Target(level); target != "" {
		return kind + ":" + target
	}
	return kind
}

// Guard is the layer of the changes that IAM refuses by itself. AWS shows no policy for it.
const Guard = "IAM's own rules"

// unread lists the layers that take part and were not read.
func (e *Evaluation) unread() (names []string) {
	put := func(kind PlaceKind, level int) { names = append(names, e.layerName(Place{kind, level})) }
	p := &e.req.Principal
	switch p.Kind {
	case principal.ServiceKind, principal.AnonymousKind, principal.Root:
	default:
		if !e.in.Identity.known {
			put(PlaceIdentity, 0)
		}
		if !e.in.Boundary.known {
			put(PlaceBoundary, 0)
		}
		if !e.in.Session.known {
			put(PlaceSession, 0)
		}
	}
	if p.Kind != principal.ServiceKind && p.Kind != principal.AnonymousKind && !p.InManagementAccount && e.serviceLinked != logic.True && !e.in.SCPs.notApplied {
		if !e.in.SCPs.known {
			names = append(names, "scp")
		}
		for i := range e.in.SCPs.levels {
			if !e.in.SCPs.levels[i].Layer.known {
				put(PlaceSCP, i)
			}
		}
	}
	if e.serviceLinked != logic.True && !e.in.RCPs.notApplied && !e.rcpExempt() {
		if !e.in.RCPs.known {
			names = append(names, "rcp")
		}
		for i := range e.in.RCPs.levels {
			if !e.in.RCPs.levels[i].Layer.known {
				put(PlaceRCP, i)
			}
		}
	}
	if !e.in.Resource.known && !e.keyless() {
		put(PlaceResource, 0)
	}
	if catalog.GuardedByIAM(e.req.Action, e.req.Resource) {
		names = append(names, Guard)
	}
	if e.aboutKey() && e.in.Grants == logic.Unknown && p.Kind != principal.AnonymousKind {
		put(PlaceGrants, 0)
	}
	if e.state.public == logic.Unknown && e.in.RestrictPublicBuckets == logic.Unknown {
		put(PlacePublic, 0)
	}
	sort.Strings(names)
	return slices.Compact(names)
}
