package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// question asks whether a caller may do one action on one resource.
type question struct {
	action   string // s3:GetBucketPolicy
	resource string // ARN, or * for an action without resource type
	account  string // owner of the resource

	kind   iam.Kind // of the resource policy: BucketPolicy, KeyPolicy, TrustPolicy
	policy string   // text of the resource policy, "" = none
	name   string   // of the resource policy in messages; for bucket policies the bucket

	context        map[string]iam.Value // lower-case keys beside and above the global ones; the zero Value = unknown
	grants         iam.Truth            // KMS: a grant allows it
	restrictPublic bool                 // S3: effective RestrictPublicBuckets
}

// decide judges a request of any principal: a caller, or the session that S3
// assumes to replicate. It runs with s.mu held.
func (s *State) decide(who *identity, req question) iam.Decision {
	in := iam.Input{
		Identity: iam.Policies(s.identityPolicies(who)...),
		Boundary: iam.Policies(),
		Session:  iam.Policies(),
		SCPs:     s.levels(scpType, iam.SCP, who.account),
		RCPs:     s.levels(rcpType, iam.RCP, req.account),
		Resource: iam.Policies(),
		Grants:   iam.False,

		RestrictPublicBuckets: iam.False,
	}
	if e := who.entity(); e != nil && e.boundary != "" {
		in.Boundary = iam.Policies(s.managedPolicy(who.account, e.boundary, iam.BoundaryPolicy))
	}
	if who.session != "" {
		in.Session = iam.Policies(s.parse(iam.SessionPolicy, "session policy", who.session))
	}
	if req.policy != "" {
		in.Resource = iam.Policies(s.parse(req.kind, req.name, req.policy))
	}
	if req.grants == iam.True {
		in.Grants = iam.True
	}
	if req.restrictPublic {
		in.RestrictPublicBuckets = iam.True
	}
	context := s.globalContext(who, req.account)
	maps.Copy(context, req.context)
	return iam.Decide(&iam.Request{
		Principal:       who.principal,
		Action:          req.action,
		Resource:        req.resource,
		ResourceAccount: req.account,
		Context:         context,
	}, &in)
}

// identityPolicies are the inline and managed policies of a caller.
func (s *State) identityPolicies(who *identity) []*iam.Policy {
	e := who.entity()
	if e == nil {
		return nil
	}
	var all []*iam.Policy
	for _, d := range e.inline {
		all = append(all, s.parse(iam.IdentityPolicy, d.name, d.document))
	}
	for _, arn := range e.attached {
		all = append(all, s.managedPolicy(who.account, arn, iam.IdentityPolicy))
	}
	return all
}

func (s *State) managedPolicy(account, arn string, kind iam.Kind) *iam.Policy {
	return s.parse(kind, arn, s.findManaged(account, arn).document)
}

type parsedKey struct {
	kind       iam.Kind
	name, text string
}

// parse reads a policy that is in force, once for all requests.
func (s *State) parse(kind iam.Kind, name, text string) *iam.Policy {
	k := parsedKey{kind, name, text}
	p := s.parsed[k]
	if p == nil {
		options := []iam.ParseOption{iam.Stored()}
		if kind == iam.BucketPolicy {
			options = append(options, iam.ForBucket(name))
		}
		p = iam.Parse(kind, name, []byte(text), options...)
		s.parsed[k] = p
	}
	return p
}

// levels is the chain of SCPs or RCPs over an account, from the root down.
func (s *State) levels(policyType string, kind iam.Kind, accountID string) iam.Levels {
	o := s.org
	if o == nil || o.featureSet != "ALL" || !o.enabledTypes[policyType] ||
		accountID == o.managementID || o.parent[accountID] == "" {
		return iam.NotApplicable()
	}
	var chain []iam.Level
	for target := accountID; target != ""; target = o.parent[target] {
		var policies []*iam.Policy
		for _, id := range o.attached[target] {
			if p := o.policies[id]; p.kind == policyType {
				policies = append(policies, s.parse(kind, p.arn, p.document))
			}
		}
		chain = append(chain, iam.Level{Target: target, Layer: iam.Policies(policies...)})
	}
	slices.Reverse(chain)
	return iam.OnPath(chain...)
}

// globalContext is the global condition keys of a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *State) globalContext(who *identity, resourceAccount string) map[string]iam.Value {
	now := time.Now().UTC()
	keys := map[string]iam.Value{
		"aws:currenttime":           iam.One(now.Format(time.RFC3339)),
		"aws:epochtime":             iam.One(strconv.FormatInt(now.Unix(), 10)),
		"aws:securetransport":       iam.One("true"), // loopback stands for TLS
		"aws:sourceip":              iam.One("127.0.0.1"),
		"aws:viaawsservice":         iam.One("false"),
		"aws:principalisawsservice": iam.One("false"),
	}
	if resourceAccount != "" {
		keys["aws:resourceaccount"] = iam.One(resourceAccount)
		if path := s.orgPath(resourceAccount); path != "" {
			keys["aws:resourceorgid"] = iam.One(s.org.id)
			keys["aws:resourceorgpaths"] = iam.Many(path)
		}
	}
	p := who.principal
	if p.Kind == iam.PrincipalService {
		keys["aws:principalisawsservice"] = iam.One("true")
		keys["aws:principalservicename"] = iam.One(p.Service)
		keys["aws:principalservicenameslist"] = iam.Many(p.Service)
		return keys
	}
	if p.Kind == iam.PrincipalAnonymous {
		keys["aws:principaltype"] = iam.One("Anonymous")
		keys["aws:userid"] = iam.One("anonymous")
		return keys
	}
	keys["aws:principalaccount"] = iam.One(who.account)
	if path := s.orgPath(who.account); path != "" {
		keys["aws:principalorgid"] = iam.One(s.org.id)
		keys["aws:principalorgpaths"] = iam.Many(path)
	}
	keys["aws:principalarn"] = iam.One(who.lasting())
	switch {
	case who.role != nil:
		keys["aws:principaltype"] = iam.One("AssumedRole")
		keys["aws:userid"] = iam.One(p.RoleID + ":" + p.Session)
		if !who.issued.IsZero() { // a session that S3 began for itself has neither
			keys["aws:multifactorauthpresent"] = iam.One("false")
			keys["aws:tokenissuetime"] = iam.One(who.issued.UTC().Format(time.RFC3339))
		}
	case who.user != nil:
		keys["aws:principaltype"] = iam.One("User")
		keys["aws:userid"] = iam.One(who.user.id)
		keys["aws:username"] = iam.One(who.user.name)
	default:
		keys["aws:principaltype"] = iam.One("Account")
		keys["aws:userid"] = iam.One(who.account)
	}
	if e := who.entity(); e != nil {
		for k, v := range e.tags {
			keys["aws:principaltag/"+strings.ToLower(k)] = iam.One(v)
		}
	}
	return keys
}
