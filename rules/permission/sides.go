package permission

import (
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// readRole collects the role's side of every decision.
func (e *evaluation) readRole() {
	role := e.doc.Roles[e.link.RoleARN]
	e.role = role.Value
	if e.role == nil {
		why := reason(role, "role")
		e.identity, e.boundary, e.scps = iam.NotRead(why), iam.NotRead(why), iam.LevelsNotRead(why)
		e.denyIdentity, e.denyBoundary, e.denySCPs = e.identity, e.boundary, e.scps
		if p, err := principal.Parse(e.link.RoleARN); err == nil {
			e.principal = principal.RoleSession(p.RoleARN, "", sessionName)
		}
		return
	}
	r := e.role
	e.principal = principal.RoleSession(r.ARN, r.ID, sessionName)
	account, known := e.doc.Accounts[r.AccountID]
	e.principal.InManagementAccount = known && account.Management
	denies := []*policy.Policy{allowAll.identity}
	switch {
	case r.Boundary.Absent:
		e.principal.Boundary, e.boundary = logic.False, iam.Policies()
		e.denyBoundary = e.boundary
	case r.Boundary.Value != nil:
		p := e.policies.Get(policy.Boundary, e.doc.Partition, "", *r.Boundary.Value)
		e.principal.Boundary, e.boundary = logic.True, iam.Policies(p.Policy)
		e.rolePolicies = append(e.rolePolicies, p)
		// Its denies count, its silence does not: it joins the identity's policies.
		e.denyBoundary, denies = iam.Policies(), append(denies, p.Policy)
	default:
		e.boundary = iam.NotRead(reason(r.Boundary, "role.boundary"))
		e.denyBoundary = e.boundary
	}
	switch {
	case !r.Inline.Known():
		e.identity = iam.NotRead(reason(r.Inline, "role.inline"))
		e.denyIdentity = e.identity
	case !r.Attached.Known():
		e.identity = iam.NotRead(reason(r.Attached, "role.attached"))
		e.denyIdentity = e.identity
	default:
		var list []*policy.Policy
		for _, f := range []fact.Fact[[]fact.Policy]{r.Inline, r.Attached} {
			if f.Value == nil {
				continue
			}
			for _, doc := range *f.Value {
				p := e.policies.Get(policy.Identity, e.doc.Partition, "", doc)
				list = append(list, p.Policy)
				e.rolePolicies = append(e.rolePolicies, p)
			}
		}
		e.identity = iam.Policies(list...)
		e.denyIdentity = iam.Policies(append(denies, list...)...)
	}
	var scps []*Policy
	e.scps, scps = e.levels(policy.SCP, account.SCPs, account.Management, known, "the list of SCPs over account "+r.AccountID)
	e.denySCPs, _ = e.levels(policy.SCP, account.SCPs, account.Management, known, "the list of SCPs over account "+r.AccountID, allowAll.scp)
	e.rolePolicies = append(e.rolePolicies, scps...)
	e.refuse(e.rolePolicies)
}

// levels is a chain of SCPs or RCPs as it was read.
func (e *evaluation) levels(kind policy.Kind, f fact.Fact[[]fact.PolicyLevel], management, known bool, name string, more ...*policy.Policy) (iam.Levels, []*Policy) {
	switch {
	case management:
		return iam.NotApplicable(), nil
	case !known || !f.Known():
		return iam.LevelsNotRead(reason(f, name)), nil
	case f.Absent:
		return iam.NotApplicable(), nil
	}
	var all []*Policy
	levels := make([]iam.Level, len(*f.Value))
	for i, l := range *f.Value {
		list := make([]*policy.Policy, 0, len(l.Policies)+len(more))
		for _, doc := range l.Policies {
			// RCPFullAWSAccess, which AWS attaches everywhere, allows; customers'
			// RCPs can only deny, and are refused where they do not.
			if kind == policy.RCP && strings.Contains(doc.ARN, ":organizations::aws:policy/") {
				continue
			}
			p := e.policies.Get(kind, e.doc.Partition, "", doc)
			list = append(list, p.Policy)
			all = append(all, p)
		}
		list = append(list, more...)
		levels[i] = iam.Level{Target: l.Target, Layer: iam.Policies(list...)}
	}
	return iam.OnPath(levels...), all
}

// reason says why a fact is not known, for a layer that was not read.
func reason[T any](f fact.Fact[T], name string) string {
	if f.Absent {
		return name + " does not exist"
	}
	return f.Why("", "", name).String()
}

// side is the resource side of the requests of a layer.
type side struct {
	layer    demand.Layer
	account  string // owner of the resource, "" = not known
	region   string
	in       iam.Input
	policies []*Policy // that are on this side only
	// denyResource is in.Resource with everything allowed, openResource that alone.
	denyResource, openResource iam.Layer
	bucketARN                  string
	bucket                     *fact.Bucket // nil of keys, and where it is not known
	except                     []string     // globs of objects that the rule excludes
	key                        *keySide     // nil of buckets
}

// keySide is what is special about requests to a KMS key.
type keySide struct {
	id       string // as the link names it
	key      *fact.Key
	contexts []string // values of the encryption context to decide for, see encryptionContexts
	anObject string   // the value that is sent for the first, "" before it was made
}

// sideOf is the resource side of a layer. It is read once for all its requirements.
func (e *evaluation) sideOf(layer demand.Layer) *side {
	if e.at.layer != layer {
		switch layer {
		case demand.Source:
			e.at = e.bucketSide(layer, &e.doc.Bucket, fact.Of(e.doc.Bucket))
		case demand.Destination:
			f := e.doc.Buckets[e.link.Destination]
			e.at = e.bucketSide(layer, f.Value, f)
		case demand.SourceKey:
			e.at = e.keySide(layer, e.link.SourceKey, e.doc.Bucket.Name)
		case demand.DestinationKey:
			e.at = e.keySide(layer, e.link.ReplicaKey, e.link.Destination)
		}
		e.refuse(e.at.policies)
	}
	return &e.at
}

// bucketSide is the resource side of requests to a bucket and its objects.
func (e *evaluation) bucketSide(layer demand.Layer, b *fact.Bucket, f fact.Fact[fact.Bucket]) side {
	s := side{layer: layer, in: e.roleInput(), bucketARN: e.doc.Bucket.ARN}
	s.in.Grants = logic.False
	if layer == demand.Destination {
		s.bucketARN = e.doc.BucketARN(e.link.Destination)
	}
	s.except = e.excluded(s.bucketARN)
	if b == nil {
		why := reason(f, string(layer))
		s.in.Resource, s.in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
		s.denyResource = s.in.Resource
		s.openResource = iam.Policies(e.policies.openBucket(&fact.Bucket{Name: e.link.Destination, ARN: s.bucketARN}))
		return s
	}
	s.bucket, s.account, s.region = b, b.AccountID, b.Region
	open := e.policies.openBucket(b)
	switch {
	case b.Policy.Absent:
		s.in.Resource = iam.Policies()
		s.denyResource = iam.Policies(open)
	case b.Policy.Value != nil:
		p := e.policies.Get(policy.Bucket, e.doc.Partition, b.Name, *b.Policy.Value)
		s.in.Resource = iam.Policies(p.Policy)
		s.denyResource = iam.Policies(p.Policy, open)
		s.policies = append(s.policies, p)
	default:
		s.in.Resource = iam.NotRead(reason(b.Policy, string(layer)+".policy"))
		s.denyResource = s.in.Resource
	}
	s.openResource = iam.Policies(open)
	account, known := e.doc.Accounts[b.AccountID]
	name := strings.TrimSpace("the list of RCPs over the owner of the " + string(layer) + " " + b.AccountID)
	var rcps []*Policy
	if g := b.Policy.Gap; b.AccountID == "" && g != nil { // for which the owner is not known either
		s.in.RCPs = iam.LevelsNotRead(g.String())
	} else {
		s.in.RCPs, rcps = e.levels(policy.RCP, account.RCPs, account.Management, known && b.AccountID != "", name)
	}
	s.policies = append(s.policies, rcps...)
	s.in.RestrictPublicBuckets = logic.Or(restricts(b.PublicAccessBlock), restricts(account.PublicAccessBlock))
	return s
}

// excluded are globs of the objects of a bucket that the rule excludes by their prefix.
func (e *evaluation) excluded(bucketARN string) (globs []string) {
	for _, prefix := range e.link.Rule.Exclude.Prefixes {
		globs = append(globs, bucketARN+"/"+contextkey.EscapeGlob(prefix)+"*")
	}
	return globs
}

// keySide is the resource side of requests to a KMS key that encrypts objects of a bucket.
func (e *evaluation) keySide(layer demand.Layer, id, bucket string) side {
	f := e.doc.Keys[id]
	s := side{layer: layer, in: e.roleInput(), bucketARN: e.doc.BucketARN(bucket), key: &keySide{id: id, key: f.Value}}
	s.in.RestrictPublicBuckets = logic.False
	s.except = e.excluded(s.bucketARN)
	s.openResource = iam.Policies(allowAll.key)
	s.key.contexts = e.encryptionContexts(&s)
	k := f.Value
	if k == nil {
		why := reason(f, string(layer))
		s.in.Resource, s.in.RCPs = iam.NotRead(why), iam.LevelsNotRead(why)
		return s
	}
	s.account, s.region = k.AccountID, k.Region
	s.in.Resource = e.keyPolicies(&s, k)
	account, known := e.doc.Accounts[k.AccountID]
	managed := k.Manager == "AWS"
	var rcps []*Policy
	s.in.RCPs, rcps = e.levels(policy.RCP, account.RCPs, account.Management || managed,
		known && k.AccountID != "" || managed, "the list of RCPs over account "+k.AccountID)
	s.policies = append(s.policies, rcps...)
	return s
}

// keyPolicies are the two policies that a key can have, which KMS evaluates together.
func (e *evaluation) keyPolicies(s *side, k *fact.Key) iam.Layer {
	why := ""
	var list []*policy.Policy
	for _, f := range []struct {
		name string
		fact fact.Fact[fact.Policy]
	}{{"policy", k.Policy}, {"ram_policy", k.RAMPolicy}} {
		switch {
		case f.fact.Value != nil:
			p := e.policies.Get(policy.Key, e.doc.Partition, "", *f.fact.Value)
			list, s.policies = append(list, p.Policy), append(s.policies, p)
		case !f.fact.Known() && why == "":
			why = reason(f.fact, string(s.layer)+"."+f.name)
		}
	}
	if why != "" {
		return iam.ReadInPart(why, list...)
	}
	return iam.Policies(list...)
}

// allBucketKeys says whether both ends use bucket keys, or neither; unknown where they
// differ, are not known, or have two layers of KMS, for which there are no bucket keys.
func (e *evaluation) allBucketKeys() logic.Truth {
	var on [2]bool
	for i, b := range []*fact.Bucket{&e.doc.Bucket, e.doc.Buckets[e.link.Destination].Value} {
		if b == nil || !b.Encryption.Known() {
			return logic.Unknown
		}
		if v := b.Encryption.Value; v != nil && v.BucketKey {
			if on[i] = true; v.Algorithm != "aws:kms" {
				return logic.Unknown
			}
		}
	}
	if on[0] != on[1] {
		return logic.Unknown
	}
	return logic.Of(on[0])
}

// roleInput is the role's side of a request, with nothing of the other.
func (e *evaluation) roleInput() iam.Input {
	return iam.Input{Identity: e.identity, Boundary: e.boundary, Session: iam.Policies(), SCPs: e.scps}
}

// deniesOnly is the input of a request in which everything is allowed that is not
// explicitly denied.
func (e *evaluation) deniesOnly(s *side) iam.Input {
	in := s.in
	in.Identity, in.Boundary, in.SCPs, in.Resource = e.denyIdentity, e.denyBoundary, e.denySCPs, s.denyResource
	return in
}

// restricts is the setting RestrictPublicBuckets of a public access block.
func restricts(f fact.Fact[fact.PublicAccessBlock]) logic.Truth {
	switch {
	case f.Absent:
		return logic.False
	case f.Value == nil:
		return logic.Unknown
	}
	return logic.Of(f.Value.RestrictPublicBuckets)
}
