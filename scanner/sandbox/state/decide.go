package state

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

// Question asks whether a caller may do one action on one resource.
type Question struct {
	Action   string // s3:GetBucketPolicy
	Resource string // ARN, or * for an action without resource type
	Account  string // owner of the resource

	Kind   policy.Kind // of the resource policy: BucketPolicy, KeyPolicy, TrustPolicy
	Policy string      // text of the resource policy, "" = none
	Second string      // text of another one of the resource, "" = none
	Name   string      // of the resource policy in messages; for bucket policies the bucket

	Context        map[string]contextkey.Value // lower-case keys, which take precedence over the global ones; the zero Value = unknown
	Grants         logic.Truth                 // KMS: a grant allows it
	RestrictPublic bool                        // S3: effective RestrictPublicBuckets
}

// Decide judges a request of any principal: a caller, or the session that S3
// assumes to replicate. It runs with s.mu held.
func (s *State) Decide(who *Identity, req Question) iam.Decision {
	in := iam.Input{
		Identity: iam.Policies(s.identityPolicies(who)...),
		Boundary: iam.Policies(),
		Session:  iam.Policies(),
		SCPs:     s.levels(SCP, policy.SCP, who.Account),
		RCPs:     s.levels(RCP, policy.RCP, req.Account),
		Resource: iam.Policies(),
		Grants:   logic.False,

		RestrictPublicBuckets: logic.False,
	}
	if e := who.entity(); e != nil && e.Boundary != "" {
		in.Boundary = iam.Policies(s.managedPolicy(who.Account, e.Boundary, policy.Boundary))
	}
	if who.Session != "" {
		in.Session = iam.Policies(s.Parse(policy.Session, "session policy", who.Session))
	}
	if req.Policy != "" {
		in.Resource = iam.Policies(s.Parse(req.Kind, req.Name, req.Policy))
		if req.Second != "" {
			in.Resource = iam.Policies(s.Parse(req.Kind, req.Name, req.Policy), s.Parse(req.Kind, req.Name, req.Second))
		}
	}
	if req.Grants == logic.True {
		in.Grants = logic.True
	}
	if req.RestrictPublic {
		in.RestrictPublicBuckets = logic.True
	}
	context := s.globalContext(who, req.Account)
	maps.Copy(context, req.Context)
	return iam.Decide(&iam.Request{
		Principal:       who.Principal,
		Action:          req.Action,
		Resource:        req.Resource,
		ResourceAccount: req.Account,
		Context:         context,
	}, &in)
}

// identityPolicies are the inline and managed policies of a caller.
func (s *State) identityPolicies(who *Identity) []*policy.Policy {
	e := who.entity()
	if e == nil {
		return nil
	}
	var all []*policy.Policy
	for _, d := range e.Inline {
		all = append(all, s.Parse(policy.Identity, d.Name, d.Document))
	}
	for _, arn := range e.Attached {
		all = append(all, s.managedPolicy(who.Account, arn, policy.Identity))
	}
	return all
}

func (s *State) managedPolicy(account, arn string, kind policy.Kind) *policy.Policy {
	return s.Parse(kind, arn, s.FindManaged(account, arn).Document)
}

type parsedKey struct {
	kind       policy.Kind
	name, text string
}

// Parse reads a policy that is in force, once for all requests.
func (s *State) Parse(kind policy.Kind, name, text string) *policy.Policy {
	k := parsedKey{kind, name, text}
	p := s.parsed[k]
	if p == nil {
		options := []policy.ParseOption{policy.Stored()}
		if kind == policy.Bucket {
			options = append(options, policy.ForBucket(name))
		}
		p = policy.Parse(kind, name, []byte(text), options...)
		s.parsed[k] = p
	}
	return p
}

// levels is the chain of SCPs or RCPs over an account, from the root down.
func (s *State) levels(policyType string, kind policy.Kind, accountID string) iam.Levels {
	o := s.Organization
	if o == nil || o.FeatureSet != "ALL" || !o.EnabledTypes[policyType] ||
		accountID == o.ManagementID || o.Parent[accountID] == "" {
		return iam.NotApplicable()
	}
	var chain []iam.Level
	for target := accountID; target != ""; target = o.Parent[target] {
		var policies []*policy.Policy
		for _, id := range o.Attached[target] {
			if p := o.Policies[id]; p.Kind == policyType {
				policies = append(policies, s.Parse(kind, p.ARN, p.Document))
			}
		}
		chain = append(chain, iam.Level{Target: target, Layer: iam.Policies(policies...)})
	}
	slices.Reverse(chain)
	return iam.OnPath(chain...)
}

// globalContext is the global condition keys of a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *State) globalContext(who *Identity, resourceAccount string) map[string]contextkey.Value {
	now := time.Now().UTC()
	keys := map[string]contextkey.Value{
		"aws:currenttime":           contextkey.One(now.Format(time.RFC3339)),
		"aws:epochtime":             contextkey.One(strconv.FormatInt(now.Unix(), 10)),
		"aws:securetransport":       contextkey.One("true"), // loopback counts as TLS
		"aws:sourceip":              contextkey.One("127.0.0.1"),
		"aws:viaawsservice":         contextkey.One("false"),
		"aws:principalisawsservice": contextkey.One("false"),
	}
	if resourceAccount != "" {
		keys["aws:resourceaccount"] = contextkey.One(resourceAccount)
		if path := s.OrgPath(resourceAccount); path != "" {
			keys["aws:resourceorgid"] = contextkey.One(s.Organization.ID)
			keys["aws:resourceorgpaths"] = contextkey.Many(path)
		}
	}
	p := who.Principal
	if p.Kind == principal.ServiceKind {
		keys["aws:principalisawsservice"] = contextkey.One("true")
		keys["aws:principalservicename"] = contextkey.One(p.Service)
		keys["aws:principalservicenameslist"] = contextkey.Many(p.Service)
		return keys
	}
	if p.Kind == principal.AnonymousKind {
		keys["aws:principaltype"] = contextkey.One("Anonymous")
		keys["aws:userid"] = contextkey.One("anonymous")
		return keys
	}
	keys["aws:principalaccount"] = contextkey.One(who.Account)
	if path := s.OrgPath(who.Account); path != "" {
		keys["aws:principalorgid"] = contextkey.One(s.Organization.ID)
		keys["aws:principalorgpaths"] = contextkey.Many(path)
	}
	keys["aws:principalarn"] = contextkey.One(who.PrincipalARN())
	switch {
	case who.Role != nil:
		keys["aws:principaltype"] = contextkey.One("AssumedRole")
		keys["aws:userid"] = contextkey.One(p.RoleID + ":" + p.Session)
		if !who.Issued.IsZero() { // a session that S3 began for itself has neither
			keys["aws:multifactorauthpresent"] = contextkey.One("false")
			keys["aws:tokenissuetime"] = contextkey.One(who.Issued.UTC().Format(time.RFC3339))
		}
	case who.User != nil:
		keys["aws:principaltype"] = contextkey.One("User")
		keys["aws:userid"] = contextkey.One(who.User.ID)
		keys["aws:username"] = contextkey.One(who.User.Name)
	default:
		keys["aws:principaltype"] = contextkey.One("Account")
		keys["aws:userid"] = contextkey.One(who.Account)
	}
	if e := who.entity(); e != nil {
		for k, v := range e.Tags {
			keys["aws:principaltag/"+strings.ToLower(k)] = contextkey.One(v)
		}
	}
	return keys
}
