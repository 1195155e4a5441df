package state

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// Question asks whether a caller may do one action on one resource.
type Question struct {
	Action   string // s3:GetBucketPolicy
	Resource string // ARN, or * for an action without resource type
	Account  string // owner of the resource

	Kind   iam.Kind // of the resource policy: BucketPolicy, KeyPolicy, TrustPolicy
	Policy string   // text of the resource policy, "" = none
	Name   string   // of the resource policy in messages; for bucket policies the bucket

	Context        map[string]iam.Value // lower-case keys beside and above the global ones; the zero Value = unknown
	Grants         iam.Truth            // KMS: a grant allows it
	RestrictPublic bool                 // S3: effective RestrictPublicBuckets
}

// Decide judges a request of any principal: a caller, or the session that S3
// assumes to replicate. It runs with s.mu held.
func (s *State) Decide(who *Identity, req Question) iam.Decision {
	in := iam.Input{
		Identity: iam.Policies(s.identityPolicies(who)...),
		Boundary: iam.Policies(),
		Session:  iam.Policies(),
		SCPs:     s.levels(SCP, iam.SCP, who.Account),
		RCPs:     s.levels(RCP, iam.RCP, req.Account),
		Resource: iam.Policies(),
		Grants:   iam.False,

		RestrictPublicBuckets: iam.False,
	}
	if e := who.entity(); e != nil && e.Boundary != "" {
		in.Boundary = iam.Policies(s.managedPolicy(who.Account, e.Boundary, iam.BoundaryPolicy))
	}
	if who.Session != "" {
		in.Session = iam.Policies(s.Parse(iam.SessionPolicy, "session policy", who.Session))
	}
	if req.Policy != "" {
		in.Resource = iam.Policies(s.Parse(req.Kind, req.Name, req.Policy))
	}
	if req.Grants == iam.True {
		in.Grants = iam.True
	}
	if req.RestrictPublic {
		in.RestrictPublicBuckets = iam.True
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
func (s *State) identityPolicies(who *Identity) []*iam.Policy {
	e := who.entity()
	if e == nil {
		return nil
	}
	var all []*iam.Policy
	for _, d := range e.Inline {
		all = append(all, s.Parse(iam.IdentityPolicy, d.Name, d.Document))
	}
	for _, arn := range e.Attached {
		all = append(all, s.managedPolicy(who.Account, arn, iam.IdentityPolicy))
	}
	return all
}

func (s *State) managedPolicy(account, arn string, kind iam.Kind) *iam.Policy {
	return s.Parse(kind, arn, s.FindManaged(account, arn).Document)
}

type parsedKey struct {
	kind       iam.Kind
	name, text string
}

// Parse reads a policy that is in force, once for all requests.
func (s *State) Parse(kind iam.Kind, name, text string) *iam.Policy {
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
	o := s.Organization
	if o == nil || o.FeatureSet != "ALL" || !o.EnabledTypes[policyType] ||
		accountID == o.ManagementID || o.Parent[accountID] == "" {
		return iam.NotApplicable()
	}
	var chain []iam.Level
	for target := accountID; target != ""; target = o.Parent[target] {
		var policies []*iam.Policy
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
func (s *State) globalContext(who *Identity, resourceAccount string) map[string]iam.Value {
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
			keys["aws:resourceorgid"] = iam.One(s.Organization.ID)
			keys["aws:resourceorgpaths"] = iam.Many(path)
		}
	}
	p := who.Principal
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
	keys["aws:principalaccount"] = iam.One(who.Account)
	if path := s.orgPath(who.Account); path != "" {
		keys["aws:principalorgid"] = iam.One(s.Organization.ID)
		keys["aws:principalorgpaths"] = iam.Many(path)
	}
	keys["aws:principalarn"] = iam.One(who.PrincipalARN())
	switch {
	case who.Role != nil:
		keys["aws:principaltype"] = iam.One("AssumedRole")
		keys["aws:userid"] = iam.One(p.RoleID + ":" + p.Session)
		if !who.Issued.IsZero() { // a session that S3 began for itself has neither
			keys["aws:multifactorauthpresent"] = iam.One("false")
			keys["aws:tokenissuetime"] = iam.One(who.Issued.UTC().Format(time.RFC3339))
		}
	case who.User != nil:
		keys["aws:principaltype"] = iam.One("User")
		keys["aws:userid"] = iam.One(who.User.ID)
		keys["aws:username"] = iam.One(who.User.Name)
	default:
		keys["aws:principaltype"] = iam.One("Account")
		keys["aws:userid"] = iam.One(who.Account)
	}
	if e := who.entity(); e != nil {
		for k, v := range e.Tags {
			keys["aws:principaltag/"+strings.ToLower(k)] = iam.One(v)
		}
	}
	return keys
}
