package iam

import (
	"strings"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/iam/statement"
)

// Evaluation is one request against its policies. It is for those who ask why: [Evaluation.Examine].
type Evaluation struct {
	req      *Request
	in       *Input
	Resource match.ARN // the request's; where a glob was decided, one that shows why

	// views are the parts of a set of resources, nil for one resource; matched
	// is how the part at hand relates to each statement.
	views   []view
	view    int
	matched []logic.Truth                // by slot
	slots   map[*statement.Statement]int // the place of a statement in matched
	denials []int                        // how many of the values tried for unknown keys deny a view
	budget  match.Budget
	Keys    contextkey.Known

	state  layers
	At     Place // what decided a denial
	varies bool  // a context key takes every value of a glob

	serviceLinked logic.Truth // the caller is a service-linked role
}

// layers is what every layer of a request says.
type layers struct {
	identity, boundary, session layer
	scp                         layer
	rcpDeny                     logic.Truth
	scpLevel                    int // the first level without an Allow
	resource                    principal.ClassSet
	resourceDeny                logic.Truth
	public                      logic.Truth // RestrictPublicBuckets cuts the caller off
	same                        logic.Truth // caller and resource belong to one account
	invalid                     bool        // a document that AWS would not store takes part
}

// layer is what the policies of one kind say together.
type layer struct{ allow, deny logic.Truth }

// PlaceKind names a layer in a [Decision].
type PlaceKind uint8

// The layers of a request.
const (
	PlaceNone PlaceKind = iota
	PlaceIdentity
	PlaceBoundary
	PlaceSession
	PlaceSCP
	PlaceRCP
	PlaceResource
	PlaceGrants
	PlacePublic
)

// Place is a layer and, for SCPs and RCPs, its level.
type Place struct {
	Kind  PlaceKind
	Level int
}

// verdict is a decision without its words.
type verdict struct {
	result Result
	reason string
	layer  Place
	view   int  // the part of the resources that it comes from
	part   bool // it does not hold for all of them

	butNamed bool // a denial of all but single ones that the policies name
}

// Reasons of a [Decision].
const (
	ReasonExplicitDeny = "explicit_deny"
	ReasonImplicitDeny = "implicit_deny"
	ReasonAllowed      = "allowed"
	ReasonInvalid      = "invalid_policy"
	ReasonUnknown      = "unknown"
)

// decide follows AWS's diagram: an explicit Deny of any layer wins; every level
// of SCPs must allow; then, within one account, either side may allow, and
// between accounts both must.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (e *Evaluation) decide() verdict {
	s := &e.state
	*s = layers{same: e.sameAccount()}
	s.rcpDeny = e.rcps()
	s.scp = e.scps()
	e.identityLayers()
	e.resourceLayer()

	deny := logic.Or(logic.Or(s.rcpDeny, s.scp.deny), s.resourceDeny)
	deny = logic.Or(deny, logic.Or(s.identity.deny, logic.Or(s.boundary.deny, s.session.deny)))
	allow := logic.And(s.scp.allow, e.granted())
	if catalog.GuardedByIAM(e.req.Action, e.req.Resource) {
		allow = logic.And(allow, logic.Unknown)
	}

	switch {
	case e.free():
		return verdict{result: Allowed, reason: ReasonAllowed}
	case deny == logic.True:
		return verdict{result: Denied, reason: ReasonExplicitDeny, layer: e.denyingLayer()}
	case allow == logic.False:
		reason := ReasonImplicitDeny
		if s.invalid {
			reason = ReasonInvalid
		}
		return verdict{result: Denied, reason: reason, layer: e.missing()}
	case allow == logic.True && deny == logic.False:
		return verdict{result: Allowed, reason: ReasonAllowed}
	case s.invalid:
		return verdict{result: Undecided, reason: ReasonInvalid}
	}
	return verdict{result: Undecided, reason: ReasonUnknown}
}

// free reports whether the call needs no permission, and no Deny keeps a caller from it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
func (e *Evaluation) free() bool {
	switch e.req.Principal.Kind {
	case principal.User, principal.Root:
		return catalog.SameAction(e.req.Action, "sts:GetCallerIdentity") || catalog.SameAction(e.req.Action, "sts:GetSessionToken")
	case principal.Role, principal.Federated:
		return catalog.SameAction(e.req.Action, "sts:GetCallerIdentity")
	}
	return false
}

// aboutKey reports whether the call is about a key, whose policy takes part.
func (e *Evaluation) aboutKey() bool {
	return catalog.IsKMS(e.req.Action) && !e.keyless()
}

func (e *Evaluation) keyless() bool { return catalog.Keyless(e.req.Action, e.req.Resource) }

// granted is what identity side and resource side allow together.
func (e *Evaluation) granted() logic.Truth {
	s := &e.state
	r := s.resource
	capped := logic.And(s.boundary.allow, s.session.allow)
	identity := logic.And(s.identity.allow, capped)
	direct := r.Of(principal.ClassSession | principal.ClassStar | principal.ClassUser | principal.ClassService) // not capped by the caller's own policies
	role := logic.And(r.Of(principal.ClassRole), capped)

	switch e.req.Principal.Kind {
	case principal.ServiceKind:
		if e.aboutKey() {
			return logic.Or(r.Of(principal.ClassService|principal.ClassStar), e.in.Grants)
		}
		return r.Of(principal.ClassService | principal.ClassStar)
	case principal.AnonymousKind:
		return logic.And(r.Of(principal.ClassStar), logic.Not(s.public))
	case principal.Unknown:
		return logic.Unknown
	}
	switch {
	case e.keyless():
		return logic.And(s.same, identity)
	case e.aboutKey():
		return e.grantedKey(identity, direct, role)
	case e.aboutRole():
		// A role's trust policy must always agree; naming the account, it hands
		// the decision to the IAM policies there.
		return logic.Choose(s.same, logic.Or(logic.Or(direct, role), logic.And(r.Of(principal.ClassAccount), identity)), logic.And(r.Of(principal.AnyClass), identity))
	}
	return logic.Choose(s.same,
		logic.Or(identity, logic.Or(role, direct)),
		logic.And(identity, logic.And(r.Of(principal.AnyClass), logic.Not(s.public))))
}

// grantedKey: a key answers to its key policy and its grants; IAM policies count
// only where the key policy hands the decision to the account.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func (e *Evaluation) grantedKey(identity, direct, role logic.Truth) logic.Truth {
	s, grants := &e.state, e.in.Grants
	account := logic.And(s.resource.Of(principal.ClassAccount), identity)
	here := logic.Or(logic.Or(direct, role), logic.Or(account, grants))
	abroad := logic.And(logic.Or(s.resource.Of(principal.AnyClass), grants), identity)
	if grants != logic.False {
		abroad = logic.Or(abroad, logic.Unknown) // whether a grant needs the caller's own policies is not documented
	}
	if !catalog.UsableAbroad(e.req.Action) {
		abroad = logic.False
	}
	return logic.Choose(s.same, here, abroad)
}

// aboutRole reports whether the call is to assume a role.
func (e *Evaluation) aboutRole() bool {
	return catalog.IsSTS(e.req.Action) && strings.Contains(e.req.Resource, ":role/")
}

// denyingLayer is the first layer with an explicit Deny.
func (e *Evaluation) denyingLayer() Place {
	s := &e.state
	switch logic.True {
	case s.identity.deny:
		return Place{Kind: PlaceIdentity}
	case s.boundary.deny:
		return Place{Kind: PlaceBoundary}
	case s.session.deny:
		return Place{Kind: PlaceSession}
	case s.scp.deny:
		return Place{PlaceSCP, e.denyingLevel(&e.in.SCPs, policy.SCP)}
	case s.rcpDeny:
		return Place{PlaceRCP, e.denyingLevel(&e.in.RCPs, policy.RCP)}
	}
	return Place{Kind: PlaceResource}
}

func (e *Evaluation) denyingLevel(l *Levels, kind policy.Kind) int {
	for i := range l.levels {
		if e.policies(&l.levels[i].Layer, kind).deny == logic.True {
			return i
		}
	}
	return 0
}

// missing is the layer where the Allow is missing that would have had to come first.
func (e *Evaluation) missing() Place {
	s := &e.state
	kms := e.aboutKey()
	switch {
	case s.scp.allow == logic.False:
		return Place{PlaceSCP, s.scpLevel}
	case s.public == logic.True:
		return Place{Kind: PlacePublic}
	case e.req.Principal.Kind == principal.ServiceKind || e.req.Principal.Kind == principal.AnonymousKind,
		(kms || e.aboutRole()) && s.resource.Of(principal.AnyClass) == logic.False,
		s.same == logic.False && kms && !catalog.UsableAbroad(e.req.Action):
		return Place{Kind: PlaceResource}
	case s.identity.allow == logic.False:
		return Place{Kind: PlaceIdentity}
	case s.boundary.allow == logic.False:
		return Place{Kind: PlaceBoundary}
	case s.session.allow == logic.False:
		return Place{Kind: PlaceSession}
	}
	return Place{Kind: PlaceResource}
}

// sameAccount compares the accounts of caller and resource.
func (e *Evaluation) sameAccount() logic.Truth {
	a, b := e.req.Principal.Account, e.req.ResourceAccount
	if a == "" || b == "" {
		return logic.Unknown
	}
	return logic.Of(a == b)
}

// identityLayers reads the caller's own policies. A service and an anonymous
// caller have none; nor has the root user, who may do everything of the account.
func (e *Evaluation) identityLayers() {
	s := &e.state
	s.boundary, s.session = layer{logic.True, logic.False}, layer{logic.True, logic.False}
	switch e.req.Principal.Kind {
	case principal.ServiceKind, principal.AnonymousKind:
		s.identity = layer{logic.False, logic.False}
	case principal.Root:
		s.identity = layer{logic.True, logic.False}
	default:
		s.identity = e.policies(&e.in.Identity, policy.Identity)
		s.boundary = e.boundaries()
		if l := &e.in.Session; !l.known || len(l.policies) > 0 {
			s.session = e.policies(l, policy.Identity)
		}
	}
}

// boundaries must each allow; an account can attach one only.
func (e *Evaluation) boundaries() layer {
	l := &e.in.Boundary
	if !l.known {
		return layer{}
	}
	all := layer{logic.True, logic.False}
	for i := range l.policies {
		one := Layer{known: true, policies: l.policies[i : i+1]}
		b := e.policies(&one, policy.Identity)
		all = layer{logic.And(all.allow, b.allow), logic.Or(all.deny, b.deny)}
	}
	return all
}

// scps asks every level from the root to the account: each must allow.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (e *Evaluation) scps() layer {
	p, l := &e.req.Principal, &e.in.SCPs
	exempt := e.serviceLinked
	if p.Kind == principal.ServiceKind || p.Kind == principal.AnonymousKind || p.InManagementAccount || l.notApplied || exempt == logic.True {
		return layer{logic.True, logic.False}
	}
	if !l.known {
		return layer{}
	}
	all := layer{logic.True, logic.False}
	for i := range l.levels {
		one := e.policies(&l.levels[i].Layer, policy.SCP)
		if one.allow == logic.False && all.allow != logic.False {
			e.state.scpLevel = i
		}
		all = layer{logic.And(all.allow, one.allow), logic.Or(all.deny, one.deny)}
	}
	if exempt == logic.Unknown {
		return layer{logic.Or(all.allow, logic.Unknown), logic.And(all.deny, logic.Unknown)}
	}
	return all
}

// rcps can only deny: RCPFullAWSAccess is attached everywhere and cannot be detached.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
func (e *Evaluation) rcps() logic.Truth {
	l := &e.in.RCPs
	exempt := e.serviceLinked
	if l.notApplied || exempt == logic.True || e.rcpExempt() {
		return logic.False
	}
	if !l.known {
		return logic.Unknown
	}
	deny := logic.False
	for i := range l.levels {
		deny = logic.Or(deny, e.policies(&l.levels[i].Layer, policy.RCP).deny)
	}
	if exempt == logic.Unknown {
		deny = logic.And(deny, logic.Unknown)
	}
	return deny
}

// rcpExempt lists the calls that no RCP restricts, for any caller.
func (e *Evaluation) rcpExempt() bool {
	return catalog.SameAction(e.req.Action, "kms:RetireGrant") ||
		catalog.IsSTS(e.req.Action) && e.Resource.Cut >= 0 && strings.HasPrefix(e.Resource.Text[e.Resource.Cut:], "role/aws-service-role/")
}

// policies is what the documents of one layer say together. kind is the kind
// that they must be of; the three kinds of IAM policy are used alike.
func (e *Evaluation) policies(l *Layer, kind policy.Kind) layer {
	if !l.known {
		return layer{}
	}
	all := layer{logic.False, logic.False}
	for _, p := range l.policies {
		switch {
		case p == nil || !fits(p.Kind(), kind):
			all = layer{logic.Or(all.allow, logic.Unknown), logic.Or(all.deny, logic.Unknown)}
			continue
		case !p.Valid():
			// It grants nothing, and what is stored in its place is not known.
			e.state.invalid = true
			all.deny = logic.Or(all.deny, logic.Unknown)
			continue
		}
		for i := range p.Compiled() {
			s := &p.Compiled()[i]
			if s.Effect == statement.Deny {
				if all.deny != logic.True {
					all.deny = logic.Or(all.deny, e.Matches(s, kind))
				}
			} else if all.allow != logic.True {
				all.allow = logic.Or(all.allow, e.Matches(s, kind))
			}
		}
	}
	return all
}

func fits(k, want policy.Kind) bool {
	if want == policy.Identity {
		return k == policy.Identity || k == policy.Boundary || k == policy.Session
	}
	return k == want
}

// resourceLayer reads the bucket, key or trust policy by the classes in which
// its statements match the caller.
func (e *Evaluation) resourceLayer() {
	s, l := &e.state, &e.in.Resource
	s.resourceDeny, s.public = logic.False, logic.False
	switch {
	case e.keyless():
		return
	case !l.known: // what is there may allow or deny more than what was read
		s.resource.Maybe, s.resourceDeny = principal.AnyClass, logic.Unknown
		s.public = e.cutOff(logic.Unknown)
	}
	for _, p := range l.policies {
		if p == nil || !e.resourceKind(p.Kind()) {
			s.resource.Maybe, s.resourceDeny = principal.AnyClass, logic.Or(s.resourceDeny, logic.Unknown)
			continue
		}
		if !p.Valid() {
			s.invalid = true
			s.resourceDeny = logic.Or(s.resourceDeny, logic.Unknown)
			continue
		}
		for i := range p.Compiled() {
			st := &p.Compiled()[i]
			who := e.PrincipalClasses(st, p.Kind())
			if who.Yes|who.Maybe == 0 {
				continue
			}
			t := e.Matches(st, p.Kind())
			if st.Effect == statement.Deny {
				s.resourceDeny = logic.Or(s.resourceDeny, logic.And(t, who.Of(principal.AnyClass)))
				continue
			}
			switch t {
			case logic.True:
				s.resource.Yes |= who.Yes
				s.resource.Maybe |= who.Maybe
			case logic.Unknown:
				s.resource.Maybe |= who.Yes | who.Maybe
			}
		}
		s.public = logic.Or(s.public, e.cutOff(p.Public().Public))
	}
}

// resourceKind: a key has a key policy, a role a trust policy, everything else neither.
func (e *Evaluation) resourceKind(k policy.Kind) bool {
	switch {
	case catalog.IsKMS(e.req.Action):
		return k == policy.Key
	case catalog.IsSTS(e.req.Action):
		return k == policy.Trust
	}
	return k == policy.Bucket || k == policy.Resource
}

// cutOff reports whether RestrictPublicBuckets keeps the caller out of a bucket
// whose policy is public: everyone but services and the owner's account.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func (e *Evaluation) cutOff(public logic.Truth) logic.Truth {
	if !catalog.IsS3(e.req.Action) || e.req.Principal.Kind == principal.ServiceKind {
		return logic.False
	}
	outside := logic.Not(e.state.same)
	if e.req.Principal.Kind == principal.AnonymousKind {
		outside = logic.True
	}
	return logic.And(logic.And(e.in.RestrictPublicBuckets, public), outside)
}

// Matches is a statement's action, resource and conditions; who may call is the
// resource layer's own question.
func (e *Evaluation) Matches(s *statement.Statement, kind policy.Kind) logic.Truth {
	if !s.CoversAction(e.req.Action) {
		return logic.False
	}
	t := e.ResourceMatches(s, kind)
	for i := range s.Conditions {
		if t == logic.False {
			return logic.False
		}
		t = logic.And(t, s.Conditions[i].Holds(&e.Keys, s.Effect == statement.Deny))
	}
	return t
}

// ResourceMatches is how a statement's Resource or NotResource covers the resources
// of the view at hand.
func (e *Evaluation) ResourceMatches(s *statement.Statement, kind policy.Kind) logic.Truth {
	if len(s.Resources) == 0 {
		// A role's trust policy is about the role; elsewhere a statement without
		// Resource has no effect.
		return logic.Of(kind == policy.Trust)
	}
	if e.matched != nil {
		if slot, ok := e.slots[s]; ok {
			return e.matched[slot]
		}
		return logic.Unknown // its action does not match, so it was not compared
	}
	return s.CoversResource(e.Resource, &e.Keys)
}

// PrincipalClasses is how the statement's Principal or NotPrincipal matches the caller.
func (e *Evaluation) PrincipalClasses(s *statement.Statement, kind policy.Kind) (set principal.ClassSet) {
	listed := e.req.Principal.Classes(s.Principals, kind == policy.Trust)
	if !s.NotPrincipal {
		return listed
	}
	set.Add(principal.ClassStar, e.notPrincipal(s, listed))
	return set
}

// notPrincipal: a Deny meets everyone who is not listed; a caller with a
// permissions boundary is never exempt.
func (e *Evaluation) notPrincipal(s *statement.Statement, listed principal.ClassSet) logic.Truth {
	if s.Effect == statement.Allow {
		// AWS refuses it nearly everywhere; it is not shown to allow anybody.
		if listed.Of(principal.AnyClass) == logic.True {
			return logic.False
		}
		return logic.Unknown
	}
	return logic.Not(logic.And(e.req.Principal.Exempt(listed), logic.Not(e.bounded())))
}

// bounded reports whether the caller has a permissions boundary.
func (e *Evaluation) bounded() logic.Truth {
	switch e.req.Principal.Kind {
	case principal.Role, principal.User:
	default:
		return logic.False
	}
	b := &e.in.Boundary
	switch own := e.req.Principal.Boundary; {
	case b.known && len(b.policies) > 0:
		return logic.True
	case own != logic.Unknown:
		return own
	case b.known:
		return logic.False
	}
	return logic.Unknown
}
