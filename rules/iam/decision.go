package iam

import (
	"slices"
	"sort"
	"strings"
)

// Decide answers a request. It gives no words: [Explain] does. On an implicit
// deny and on Allowed, Deciding is empty.
//
// A layer, a level or a key that was not read is unknown and can never lead to
// [Allowed] by its absence. The same holds for a document that AWS would not store.
func Decide(req *Request, in *Input) Decision {
	e := evaluation{req: req, in: in}
	d := e.answer()
	return d
}

// answer decides for one resource or for each of a set.
func (e *evaluation) answer() Decision {
	problem := e.unfit()
	if problem == "" && (e.req.ResourceIsGlob || e.varies) {
		problem = e.divide()
	}
	if problem != "" {
		return Decision{Result: Undecided, Reason: reasonUnknown, Unfit: true, UnknownLayers: []string{"request"}, Message: problem}
	}
	v := e.judge()
	if v.result == Undecided {
		return e.resolve(v)
	}
	return e.decided(v)
}

const upperCase = "the resource has upper-case letters before its sixth field, where AWS does not document whether case counts"

// unfit says why a request cannot be decided at all.
func (e *evaluation) unfit() string {
	switch {
	case e.req.Principal.Kind == PrincipalUnknown:
		return "the kind of the caller is not known"
	case strings.IndexByte(e.req.Action, ':') <= 0 || strings.ContainsAny(e.req.Action, "*?"):
		return "the action " + e.req.Action + " is not one such as s3:GetObject"
	}
	for key, v := range e.req.Context {
		e.varies = e.varies || v.state == valueEach
		for i := 0; i < len(key); i++ {
			if c := key[i]; c >= 'A' && c <= 'Z' {
				return "the context key " + key + " is not in lower case"
			}
		}
	}
	e.resource = newARNValue(e.req.Resource)
	if e.resource.cut >= 0 {
		if head := e.resource.text[:e.resource.cut]; lowerASCII(head) != head {
			return upperCase
		}
	}
	return ""
}

func (e *evaluation) decided(v verdict) Decision {
	d := Decision{Result: v.result, Reason: v.reason, Layer: e.layerName(v.layer), Target: e.target(v.layer), Witness: e.witness(v)}
	if v.reason == reasonExplicitDeny {
		e.each(func(ref layerRef, p *Policy, s *statement, t Truth) {
			if s.effect == Deny && t == True {
				d.Deciding = append(d.Deciding, e.statementOf(ref, p, s))
			}
		})
	}
	if e.state.invalid {
		d.Errors = e.errors()
	}
	if e.words {
		e.explain(&d, v)
	}
	return d
}

// each visits the statements of every layer that takes part, with what they say
// of the request; in the resource layer the caller is part of that.
func (e *evaluation) each(visit func(ref layerRef, p *Policy, s *statement, t Truth)) {
	e.eachPolicy(func(ref layerRef, p *Policy) {
		if p.invalid {
			return
		}
		for i := range p.statements {
			s := &p.statements[i]
			t := e.matches(s, p.kind)
			if ref.kind == layerResource && t != False {
				t = and(t, e.principalClasses(s, p.kind).of(anyClass))
			}
			visit(ref, p, s, t)
		}
	})
}

// eachPolicy visits the documents of every layer that takes part.
func (e *evaluation) eachPolicy(visit func(ref layerRef, p *Policy)) {
	one := func(ref layerRef, l *Layer, kind Kind) {
		for _, p := range l.policies {
			if p != nil && (ref.kind == layerResource && e.resourceKind(p.kind) || ref.kind != layerResource && fits(p.kind, kind)) {
				visit(ref, p)
			}
		}
	}
	p := &e.req.Principal
	if p.Kind != PrincipalService && p.Kind != PrincipalAnonymous {
		if p.Kind != PrincipalRoot {
			one(layerRef{kind: layerIdentity}, &e.in.Identity, IdentityPolicy)
			one(layerRef{kind: layerBoundary}, &e.in.Boundary, IdentityPolicy)
			one(layerRef{kind: layerSession}, &e.in.Session, IdentityPolicy)
		}
		if !p.InManagementAccount && !e.in.SCPs.notApplied && p.linked() != True {
			for i := range e.in.SCPs.levels {
				one(layerRef{layerSCP, i}, &e.in.SCPs.levels[i].Layer, SCP)
			}
		}
	}
	if !e.in.RCPs.notApplied && p.linked() != True && !e.rcpExempt() {
		for i := range e.in.RCPs.levels {
			one(layerRef{layerRCP, i}, &e.in.RCPs.levels[i].Layer, RCP)
		}
	}
	one(layerRef{kind: layerResource}, &e.in.Resource, 0)
}

func (e *evaluation) errors() (all []Diagnostic) {
	e.eachPolicy(func(_ layerRef, p *Policy) {
		if !p.invalid {
			return
		}
		for _, d := range p.diagnostics {
			if !d.Warning {
				if p.name != "" {
					d.Message = "policy " + p.name + ": " + d.Message
				}
				all = append(all, d)
			}
		}
	})
	return all
}

func (e *evaluation) statementOf(ref layerRef, p *Policy, s *statement) Statement {
	line, _ := p.position(s.off)
	return Statement{Layer: e.layerName(ref), Policy: p.name, Sid: s.sid, Index: s.index, Line: line, Effect: s.effect, Text: p.src[s.off:s.end]}
}

// layerName is a layer as a [Decision] spells it.
func (e *evaluation) layerName(ref layerRef) string {
	switch ref.kind {
	case layerIdentity:
		return "identity"
	case layerBoundary:
		return "boundary"
	case layerSession:
		return "session"
	case layerSCP:
		return levelName("scp", &e.in.SCPs, ref.level)
	case layerRCP:
		return levelName("rcp", &e.in.RCPs, ref.level)
	case layerGrants:
		return "grants"
	case layerPublic:
		return "restrictPublicBuckets"
	case layerResource:
		switch {
		case isKMS(e.req.Action):
			return "key"
		case isSTS(e.req.Action):
			return "trust"
		}
		return "resource"
	}
	return ""
}

// target is the id of a level of SCPs or RCPs, "" of other layers.
func (e *evaluation) target(ref layerRef) string {
	levels := &e.in.SCPs
	switch ref.kind {
	case layerRCP:
		levels = &e.in.RCPs
	case layerSCP:
	default:
		return ""
	}
	if ref.level < len(levels.levels) {
		return levels.levels[ref.level].Target
	}
	return ""
}

func levelName(kind string, l *Levels, level int) string {
	if level < len(l.levels) && l.levels[level].Target != "" {
		return kind + ":" + l.levels[level].Target
	}
	return kind
}

// unread lists the layers that take part and were not read.
func (e *evaluation) unread() (names []string) {
	put := func(kind layerKind, level int) { names = append(names, e.layerName(layerRef{kind, level})) }
	p := &e.req.Principal
	switch p.Kind {
	case PrincipalService, PrincipalAnonymous, PrincipalRoot:
	default:
		if !e.in.Identity.known {
			put(layerIdentity, 0)
		}
		if !e.in.Boundary.known {
			put(layerBoundary, 0)
		}
		if !e.in.Session.known {
			put(layerSession, 0)
		}
	}
	if p.Kind != PrincipalService && p.Kind != PrincipalAnonymous && !p.InManagementAccount && p.linked() != True && !e.in.SCPs.notApplied {
		if !e.in.SCPs.known {
			names = append(names, "scp")
		}
		for i := range e.in.SCPs.levels {
			if !e.in.SCPs.levels[i].Layer.known {
				put(layerSCP, i)
			}
		}
	}
	if p.linked() != True && !e.in.RCPs.notApplied && !e.rcpExempt() {
		if !e.in.RCPs.known {
			names = append(names, "rcp")
		}
		for i := range e.in.RCPs.levels {
			if !e.in.RCPs.levels[i].Layer.known {
				put(layerRCP, i)
			}
		}
	}
	if !e.in.Resource.known {
		put(layerResource, 0)
	}
	if isKMS(e.req.Action) && e.in.Grants == Unknown && p.Kind != PrincipalAnonymous {
		put(layerGrants, 0)
	}
	if e.state.public == Unknown && e.in.RestrictPublicBuckets == Unknown {
		put(layerPublic, 0)
	}
	sort.Strings(names)
	return slices.Compact(names)
}
