package iam

import "strings"

// evaluation is one request against its policies.
type evaluation struct {
	req      *Request
	in       *Input
	resource arnValue

	// views are the parts of a set of resources, nil for one resource; matched
	// is how the part at hand relates to each statement.
	views   []view
	view    int
	matched []Truth            // by slot
	slots   map[*statement]int // the place of a statement in matched
	// fixed are values assumed for keys that are not known, denials counts by view
	// how many of those tried deny it.
	fixed   []binding
	denials []int
	work    int // steps of automata, bounded by maxWork

	state  layers
	words  bool // Explain
	varies bool // a context key takes every value of a glob
}

// binding is a context key with an assumed value.
type binding struct {
	key   string
	value Value
}

// layers is what every layer of a request says.
type layers struct {
	identity, boundary, session layer
	scp, rcp                    layer
	scpLevel                    int // the first level without an Allow
	resource                    classSet
	resourceDeny                Truth
	public                      Truth // RestrictPublicBuckets cuts the caller off
	same                        Truth // caller and resource belong to one account
	invalid                     bool  // a document that AWS would not store takes part
}

// layer is what the policies of one kind say together.
type layer struct{ allow, deny Truth }

// layerKind names a layer in a [Decision].
type layerKind uint8

const (
	layerNone layerKind = iota
	layerIdentity
	layerBoundary
	layerSession
	layerSCP
	layerRCP
	layerResource
	layerGrants
	layerPublic
)

// layerRef is a layer and, for SCPs and RCPs, its level.
type layerRef struct {
	kind  layerKind
	level int
}

// verdict is a decision without its words.
type verdict struct {
	result Result
	reason string
	layer  layerRef
	view   int  // the part of the resources that it comes from
	part   bool // it does not hold for all of them
}

// Reasons of a [Decision].
const (
	reasonExplicitDeny = "explicit_deny"
	reasonImplicitDeny = "implicit_deny"
	reasonAllowed      = "allowed"
	reasonInvalid      = "invalid_policy"
	reasonUnknown      = "unknown"
)

// decide follows AWS's diagram: an explicit Deny of any layer wins; every level
// of SCPs must allow; then, within one account, either side may allow, and
// between accounts both must.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (e *evaluation) decide() verdict {
	s := &e.state
	*s = layers{same: e.sameAccount()}
	s.rcp = e.rcps()
	s.scp = e.scps()
	e.identityLayers()
	e.resourceLayer()

	deny := or(or(s.rcp.deny, s.scp.deny), s.resourceDeny)
	deny = or(deny, or(s.identity.deny, or(s.boundary.deny, s.session.deny)))
	allow := and(s.scp.allow, e.granted())

	switch {
	case deny == True:
		return verdict{result: Denied, reason: reasonExplicitDeny, layer: e.denyingLayer()}
	case allow == False:
		reason := reasonImplicitDeny
		if s.invalid {
			reason = reasonInvalid
		}
		return verdict{result: Denied, reason: reason, layer: e.missing()}
	case allow == True && deny == False:
		return verdict{result: Allowed, reason: reasonAllowed}
	case s.invalid:
		return verdict{result: Undecided, reason: reasonInvalid}
	}
	return verdict{result: Undecided, reason: reasonUnknown}
}

// granted is what identity side and resource side allow together.
func (e *evaluation) granted() Truth {
	s := &e.state
	r := s.resource
	capped := and(s.boundary.allow, s.session.allow)
	identity := and(s.identity.allow, capped)
	direct := r.of(classSession | classStar | classUser | classService) // not capped by the caller's own policies
	role := and(r.of(classRole), capped)

	switch e.req.Principal.Kind {
	case PrincipalService:
		if isKMS(e.req.Action) {
			return or(r.of(classService|classStar), e.in.Grants)
		}
		return r.of(classService | classStar)
	case PrincipalAnonymous:
		return and(r.of(classStar), not(s.public))
	case PrincipalUnknown:
		return Unknown
	}
	switch {
	case isKMS(e.req.Action):
		return e.grantedKey(identity, direct, role)
	case e.aboutRole():
		// A role's trust policy must always agree; naming the account, it hands
		// the decision to the IAM policies there.
		return choose(s.same, or(or(direct, role), and(r.of(classAccount), identity)), and(r.of(anyClass), identity))
	}
	return choose(s.same,
		or(identity, or(role, direct)),
		and(identity, and(r.of(anyClass), not(s.public))))
}

// grantedKey: a key answers to its key policy and its grants; IAM policies count
// only where the key policy hands the decision to the account.
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func (e *evaluation) grantedKey(identity, direct, role Truth) Truth {
	s, grants := &e.state, e.in.Grants
	account := and(s.resource.of(classAccount), identity)
	here := or(or(direct, role), or(account, grants))
	abroad := and(or(s.resource.of(anyClass), grants), identity)
	if grants != False {
		abroad = or(abroad, Unknown) // whether a grant needs the caller's own policies is not documented
	}
	if !usableAbroad(e.req.Action) {
		abroad = False
	}
	return choose(s.same, here, abroad)
}

// aboutRole reports whether the call is to assume a role.
func (e *evaluation) aboutRole() bool {
	return isSTS(e.req.Action) && strings.Contains(e.req.Resource, ":role/")
}

// denyingLayer is the first layer with an explicit Deny.
func (e *evaluation) denyingLayer() layerRef {
	s := &e.state
	switch True {
	case s.identity.deny:
		return layerRef{kind: layerIdentity}
	case s.boundary.deny:
		return layerRef{kind: layerBoundary}
	case s.session.deny:
		return layerRef{kind: layerSession}
	case s.scp.deny:
		return layerRef{layerSCP, e.denyingLevel(&e.in.SCPs, SCP)}
	case s.rcp.deny:
		return layerRef{layerRCP, e.denyingLevel(&e.in.RCPs, RCP)}
	}
	return layerRef{kind: layerResource}
}

func (e *evaluation) denyingLevel(l *Levels, kind Kind) int {
	for i := range l.levels {
		if e.policies(&l.levels[i].Layer, kind).deny == True {
			return i
		}
	}
	return 0
}

// missing is the layer where the Allow is missing that would have had to come first.
func (e *evaluation) missing() layerRef {
	s := &e.state
	kms := isKMS(e.req.Action)
	switch {
	case s.scp.allow == False:
		return layerRef{layerSCP, s.scpLevel}
	case s.public == True:
		return layerRef{kind: layerPublic}
	case e.req.Principal.Kind == PrincipalService || e.req.Principal.Kind == PrincipalAnonymous,
		(kms || e.aboutRole()) && s.resource.of(anyClass) == False,
		s.same == False && kms && !usableAbroad(e.req.Action):
		return layerRef{kind: layerResource}
	case s.identity.allow == False:
		return layerRef{kind: layerIdentity}
	case s.boundary.allow == False:
		return layerRef{kind: layerBoundary}
	case s.session.allow == False:
		return layerRef{kind: layerSession}
	}
	return layerRef{kind: layerResource}
}

// sameAccount compares the accounts of caller and resource.
func (e *evaluation) sameAccount() Truth {
	a, b := e.req.Principal.Account, e.req.ResourceAccount
	if a == "" || b == "" {
		return Unknown
	}
	return truth(a == b)
}

// identityLayers reads the caller's own policies. A service and an anonymous
// caller have none; nor has the root user, who may do everything of the account.
func (e *evaluation) identityLayers() {
	s := &e.state
	s.boundary, s.session = layer{True, False}, layer{True, False}
	switch e.req.Principal.Kind {
	case PrincipalService, PrincipalAnonymous:
		s.identity = layer{False, False}
	case PrincipalRoot:
		s.identity = layer{True, False}
	default:
		s.identity = e.policies(&e.in.Identity, IdentityPolicy)
		s.boundary = e.boundaries()
		if l := &e.in.Session; !l.known || len(l.policies) > 0 {
			s.session = e.policies(l, IdentityPolicy)
		}
	}
}

// boundaries must each allow; an account can attach one only.
func (e *evaluation) boundaries() layer {
	l := &e.in.Boundary
	if !l.known {
		return layer{}
	}
	all := layer{True, False}
	for i := range l.policies {
		one := Layer{known: true, policies: l.policies[i : i+1]}
		b := e.policies(&one, IdentityPolicy)
		all = layer{and(all.allow, b.allow), or(all.deny, b.deny)}
	}
	return all
}

// scps asks every level from the root to the account: each must allow.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
func (e *evaluation) scps() layer {
	p, l := &e.req.Principal, &e.in.SCPs
	exempt := p.linked()
	if p.Kind == PrincipalService || p.Kind == PrincipalAnonymous || p.InManagementAccount || l.notApplied || exempt == True {
		return layer{True, False}
	}
	if !l.known {
		return layer{}
	}
	all := layer{True, False}
	for i := range l.levels {
		one := e.policies(&l.levels[i].Layer, SCP)
		if one.allow == False && all.allow != False {
			e.state.scpLevel = i
		}
		all = layer{and(all.allow, one.allow), or(all.deny, one.deny)}
	}
	if exempt == Unknown {
		return layer{or(all.allow, Unknown), and(all.deny, Unknown)}
	}
	return all
}

// rcps can only deny: RCPFullAWSAccess is attached everywhere and cannot be detached.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
func (e *evaluation) rcps() layer {
	l := &e.in.RCPs
	exempt := e.req.Principal.linked()
	if l.notApplied || exempt == True || e.rcpExempt() {
		return layer{True, False}
	}
	if !l.known {
		return layer{True, Unknown}
	}
	deny := False
	for i := range l.levels {
		deny = or(deny, e.policies(&l.levels[i].Layer, RCP).deny)
	}
	if exempt == Unknown {
		deny = and(deny, Unknown)
	}
	return layer{True, deny}
}

// rcpExempt lists the calls that no RCP restricts, whoever makes them.
func (e *evaluation) rcpExempt() bool {
	return equalASCIIFold(e.req.Action, "kms:RetireGrant") ||
		isSTS(e.req.Action) && e.resource.cut >= 0 && strings.HasPrefix(e.resource.text[e.resource.cut:], "role/aws-service-role/")
}

// policies is what the documents of one layer say together. kind is the kind
// that they must be of; the three kinds of IAM policy stand for each other.
func (e *evaluation) policies(l *Layer, kind Kind) layer {
	if !l.known {
		return layer{}
	}
	all := layer{False, False}
	for _, p := range l.policies {
		switch {
		case p == nil || !fits(p.kind, kind):
			all = layer{or(all.allow, Unknown), or(all.deny, Unknown)}
			continue
		case p.invalid:
			// It grants nothing, and what stands in its place is not known.
			e.state.invalid = true
			all.deny = or(all.deny, Unknown)
			continue
		}
		for i := range p.statements {
			s := &p.statements[i]
			if s.effect == Deny {
				if all.deny != True {
					all.deny = or(all.deny, e.matches(s, kind))
				}
			} else if all.allow != True {
				all.allow = or(all.allow, e.matches(s, kind))
			}
		}
	}
	return all
}

func fits(k, want Kind) bool {
	if want == IdentityPolicy {
		return k == IdentityPolicy || k == BoundaryPolicy || k == SessionPolicy
	}
	return k == want
}

// resourceLayer reads the bucket, key or trust policy by the classes in which
// its statements match the caller.
func (e *evaluation) resourceLayer() {
	s, l := &e.state, &e.in.Resource
	s.resourceDeny, s.public = False, False
	if !l.known {
		s.resource.maybe, s.resourceDeny = anyClass, Unknown
		s.public = e.cutOff(Unknown)
		return
	}
	for _, p := range l.policies {
		if p == nil || !e.resourceKind(p.kind) {
			s.resource.maybe, s.resourceDeny = anyClass, or(s.resourceDeny, Unknown)
			continue
		}
		if p.invalid {
			s.invalid = true
			s.resourceDeny = or(s.resourceDeny, Unknown)
			continue
		}
		for i := range p.statements {
			st := &p.statements[i]
			who := e.principalClasses(st, p.kind)
			if who.yes|who.maybe == 0 {
				continue
			}
			t := e.matches(st, p.kind)
			if st.effect == Deny {
				s.resourceDeny = or(s.resourceDeny, and(t, who.of(anyClass)))
				continue
			}
			switch t {
			case True:
				s.resource.yes |= who.yes
				s.resource.maybe |= who.maybe
			case Unknown:
				s.resource.maybe |= who.yes | who.maybe
			}
		}
		s.public = or(s.public, e.cutOff(p.public.Public))
	}
}

// resourceKind: a key has a key policy, a role a trust policy, everything else neither.
func (e *evaluation) resourceKind(k Kind) bool {
	switch {
	case isKMS(e.req.Action):
		return k == KeyPolicy
	case isSTS(e.req.Action):
		return k == TrustPolicy
	}
	return k == BucketPolicy || k == ResourcePolicy
}

// cutOff reports whether RestrictPublicBuckets keeps the caller out of a bucket
// whose policy is public: everyone but services and the owner's account.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func (e *evaluation) cutOff(public Truth) Truth {
	if !isS3(e.req.Action) || e.req.Principal.Kind == PrincipalService {
		return False
	}
	outside := not(e.state.same)
	if e.req.Principal.Kind == PrincipalAnonymous {
		outside = True
	}
	return and(and(e.in.RestrictPublicBuckets, public), outside)
}

// matches is a statement's action, resource and conditions; who may call is the
// resource layer's own question.
func (e *evaluation) matches(s *statement, kind Kind) Truth {
	if !e.actionMatches(s) {
		return False
	}
	t := e.resourceMatches(s, kind)
	for i := range s.conditions {
		if t == False {
			return False
		}
		t = and(t, e.condition(&s.conditions[i], s.effect))
	}
	return t
}

func (e *evaluation) actionMatches(s *statement) bool {
	for i := range s.actions {
		if s.actions[i].matchFold(e.req.Action) {
			return !s.notAction
		}
	}
	return s.notAction
}

func (e *evaluation) resourceMatches(s *statement, kind Kind) Truth {
	if len(s.resources) == 0 {
		// A role's trust policy is about the role; elsewhere a statement without
		// Resource has no effect.
		return truth(kind == TrustPolicy)
	}
	if e.matched != nil {
		if slot, ok := e.slots[s]; ok {
			return e.matched[slot]
		}
		return Unknown // its action does not match: nobody asked
	}
	t := False
	for i := range s.resources {
		if t = or(t, e.covers(&s.resources[i])); t == True {
			break
		}
	}
	if s.notResource {
		return not(t)
	}
	return t
}

// covers reports whether an entry of Resource matches the request's.
func (e *evaluation) covers(r *resource) Truth {
	switch {
	case !r.match(e.resource):
		return False
	case r.tail != nil:
		tail, is := e.expandTokens(nil, r.tail)
		if is == boundNull || !matchTokens(tail, e.resource.text[e.resource.cut:]) {
			return False
		}
		if is == boundUnknown {
			return Unknown
		}
	}
	if r.state == arnDoubt {
		return Unknown
	}
	return True
}

// lookup is a context key of the request; a key that is not there is absent.
func (e *evaluation) lookup(key string) Value {
	for i := range e.fixed {
		if e.fixed[i].key == key {
			return e.fixed[i].value
		}
	}
	v, ok := e.req.Context[key]
	switch {
	case !ok:
		return Value{state: valueAbsent}
	case v.state == valueEach:
		return e.current(key)
	}
	return v
}

func isS3(action string) bool  { return hasPrefixFold(action, "s3:") }
func isKMS(action string) bool { return hasPrefixFold(action, "kms:") }
func isSTS(action string) bool { return hasPrefixFold(action, "sts:") }

func equalASCIIFold(a, b string) bool { return len(a) == len(b) && hasPrefixFold(a, lowerASCII(b)) }

// usableAbroad reports whether a key can be used so from another account.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func usableAbroad(action string) bool {
	for _, a := range abroad {
		if equalASCIIFold(action, a) {
			return true
		}
	}
	return false
}

var abroad = []string{
	"kms:encrypt", "kms:decrypt", "kms:reencryptfrom", "kms:reencryptto",
	"kms:generatedatakey", "kms:generatedatakeywithoutplaintext",
	"kms:generatedatakeypair", "kms:generatedatakeypairwithoutplaintext",
	"kms:generatemac", "kms:verifymac", "kms:sign", "kms:verify", "kms:derivesharedsecret",
	"kms:describekey", "kms:getkeyrotationstatus", "kms:getpublickey",
	"kms:creategrant", "kms:listgrants", "kms:retiregrant", "kms:revokegrant",
}
