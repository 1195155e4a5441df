package scanner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/once"
)

// organization reads the organization with the caller's credentials. Its APIs
// are slow (a few calls a second for the whole organization), so every answer
// is remembered, and few calls are on their way at a time.
//
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
type organization struct {
	client *organizations.Client
	caller string // account id
	slots  chan struct{}

	parents  *once.Map[fact.Fact[parent]]      // by id of the unit or account
	attached *once.Map[fact.Fact[[]string]]    // ids of policies, by their type and what they are attached to
	policies *once.Map[fact.Fact[fact.Policy]] // by id

	fact    fact.Fact[fact.Organization]
	types   fact.Fact[[]types.PolicyType] // enabled ones
	roots   []string                      // ids; nil = not known
	members map[string]member             // by account id; nil = not listed
}

// readTypes are the types of policies that decide requests of S3.
var readTypes = []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy}

// member is an account as ListAccounts returns it.
type member struct {
	name  string
	state string // ACTIVE, SUSPENDED, …
	paths []string
}

// organizationCalls is how many calls to Organizations are made at a time.
const organizationCalls = 4

func newOrganization(s *session) *organization {
	return &organization{client: s.organizations, caller: s.caller.AccountID, slots: make(chan struct{}, organizationCalls),
		parents: once.New[fact.Fact[parent]](1 << 14), attached: once.New[fact.Fact[[]string]](1 << 14), policies: once.New[fact.Fact[fact.Policy]](1 << 12)}
}

// call waits for its turn.
func (o *organization) call(ctx context.Context, f func() error) error {
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
		return f()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// describe reads what there is to know of the organization as a whole. An
// account that is in none has the facts absent.
func (o *organization) describe(ctx context.Context, n *notes) {
	o.types = fact.None[[]types.PolicyType]()
	o.fact = ask(n, question{account: o.caller, resource: "organization", fact: "organization", api: "organizations:DescribeOrganization", absent: "AWSOrganizationsNotInUseException"},
		func() (fact.Organization, error) {
			out, err := o.client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
			if err != nil {
				return fact.Organization{}, err
			}
			if out.Organization == nil || out.Organization.MasterAccountId == nil {
				return fact.Organization{}, client.Malformed("the answer has no organization")
			}
			return fact.Organization{
				ID: aws.ToString(out.Organization.Id), ManagementAccountID: *out.Organization.MasterAccountId, FeatureSet: string(out.Organization.FeatureSet),
			}, nil
		})
	if o.fact.Value == nil {
		if o.fact.Gap != nil {
			o.types = fact.Missing[[]types.PolicyType](*o.fact.Gap)
		}
		return
	}
	org := o.fact.Value
	o.types = ask(n, question{account: o.caller, resource: org.ID, fact: "organization.policy_types", api: "organizations:ListRoots"},
		func() ([]types.PolicyType, error) {
			enabled := []types.PolicyType{}
			err := client.Pages(func(token *string) (*string, error) {
				out, err := o.client.ListRoots(ctx, &organizations.ListRootsInput{NextToken: token})
				if err != nil {
					return nil, err
				}
				for _, root := range out.Roots {
					o.roots = append(o.roots, aws.ToString(root.Id))
					for _, t := range root.PolicyTypes {
						enabled = append(enabled, t.Type)
					}
				}
				return out.NextToken, nil
			})
			if err == nil && len(o.roots) == 0 {
				err = client.Malformed("the organization is said to have no root")
			}
			return enabled, err
		})
	if o.types.Value != nil {
		for _, t := range *o.types.Value {
			org.PolicyTypes = append(org.PolicyTypes, string(t))
		}
		slices.Sort(org.PolicyTypes)
	}
}

// list lists the member accounts. The error says what to do when it cannot:
// nothing less than the whole organization would be the answer to the question.
func (o *organization) list(ctx context.Context, callerARN string) error {
	const elsewhere = "use credentials of the management account or of a delegated administrator, or name accounts with --accounts, or scan the caller's own account with --account-only"
	if o.fact.Absent {
		return &client.Error{Kind: OrganizationNotListed, Problem: fmt.Sprintf("account %s is in no organization", o.caller),
			Hint: "name accounts with --accounts, or scan the caller's own account with --account-only"}
	}
	refused := func(api string, err error) error {
		return &client.Error{Kind: OrganizationNotListed, Err: err, Hint: elsewhere,
			Problem: fmt.Sprintf("the organization cannot be listed: %s needs the permission %s (%s)", callerARN, Action(api), client.OneLine(err))}
	}
	if g := o.fact.Gap; g != nil {
		return refused(g.API, &smithy.GenericAPIError{Code: g.Code, Message: g.Message})
	}
	members := map[string]member{}
	err := client.Pages(func(token *string) (*string, error) {
		out, err := o.client.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, a := range out.Accounts {
			if _, twice := members[aws.ToString(a.Id)]; twice {
				return nil, client.Malformed("account %s is listed twice", aws.ToString(a.Id))
			}
			// State replaced Status in 2025; either may be missing.
			members[aws.ToString(a.Id)] = member{name: aws.ToString(a.Name), state: cmp.Or(string(a.State), string(a.Status), "ACTIVE"), paths: a.Paths}
		}
		return out.NextToken, nil
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return refused("organizations:ListAccounts", err)
	case len(members) == 0:
		return refused("organizations:ListAccounts", client.NoAnswer("the list of accounts is empty, and an organization has at least its management account"))
	}
	for _, id := range []string{o.fact.Value.ManagementAccountID, o.caller} {
		if _, ok := members[id]; !ok {
			return refused("organizations:ListAccounts", client.Malformed("the list of accounts is not whole: account %s is in the organization, and not in the list", id))
		}
	}
	o.members = members
	return nil
}

// account is everything the organization says about an account.
func (o *organization) account(ctx context.Context, n *notes, id string) fact.Account {
	a := fact.Account{ID: id}
	switch {
	case o.fact.Absent:
		// In no organization: no policy of one applies to the caller's own account.
		// Of any other account nothing is known.
		a.InOrganization = fact.Of(false)
		if id == o.caller {
			a.Path, a.SCPs, a.RCPs = fact.None[[]string](), fact.None[[]fact.PolicyLevel](), fact.None[[]fact.PolicyLevel]()
			return a
		}
		return o.outside(n, a)
	case o.fact.Value == nil:
		g := *o.fact.Gap
		a.InOrganization, a.Path = fact.Missing[bool](g), fact.Missing[[]string](g)
		a.SCPs, a.RCPs = fact.Missing[[]fact.PolicyLevel](g), fact.Missing[[]fact.PolicyLevel](g)
		return a
	}
	a.Management = id == o.fact.Value.ManagementAccountID
	if o.members != nil {
		m, in := o.members[id]
		a.Name, a.InOrganization = m.name, fact.Of(in)
		if !in {
			return o.outside(n, a)
		}
	}
	a.Path = o.path(ctx, n, id)
	if o.members == nil {
		switch {
		case a.Management || id == o.caller || a.Path.Value != nil:
			a.InOrganization = fact.Of(true)
		case a.Path.Absent:
			a.Path, a.InOrganization = fact.Fact[[]string]{}, fact.Of(false)
			return o.outside(n, a)
		default:
			a.InOrganization = fact.Missing[bool](*a.Path.Gap)
		}
	}
	if a.Management {
		// Neither limits the management account: not its principals, not its resources.
		a.SCPs, a.RCPs = fact.None[[]fact.PolicyLevel](), fact.None[[]fact.PolicyLevel]()
		return a
	}
	a.SCPs = o.levels(ctx, n, a, types.PolicyTypeServiceControlPolicy)
	a.RCPs = o.levels(ctx, n, a, types.PolicyTypeResourceControlPolicy)
	return a
}

// outside is an account that is not in the organization: it may belong to another one,
// whose policies cannot be read from here.
func (o *organization) outside(n *notes, a fact.Account) fact.Account {
	g := n.gap(question{account: a.ID, resource: a.ID, fact: "account.policies", api: "organizations:ListParents"},
		client.NotRead("account %s is not in the scanned organization, so the SCPs and RCPs over it cannot be read", a.ID))
	a.Path, a.SCPs, a.RCPs = fact.Missing[[]string](g), fact.Missing[[]fact.PolicyLevel](g), fact.Missing[[]fact.PolicyLevel](g)
	return a
}

// maxPath is how many units may be over an account, the root included: more than the five
// levels and the root that AWS allows.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
const maxPath = 10

// fullAccessRCP is the RCP that AWS attaches to everything.
const fullAccessRCP = "p-RCPFullAWSAccess"

// path is the path of an account as the list of accounts has it, or else walks up to the
// root. It gives the root first, and is absent where Organizations does not know the account.
func (o *organization) path(ctx context.Context, n *notes, id string) fact.Fact[[]string] {
	if m := o.members[id]; len(m.paths) > 0 {
		return ask(n, question{account: o.caller, resource: id, fact: "account.path", api: "organizations:ListAccounts"},
			func() ([]string, error) { return o.listedPath(id, m.paths) })
	}
	path := []string{}
	for child := id; ; {
		parent := o.parent(ctx, n, child)
		switch {
		case parent.Absent && child == id:
			return fact.None[[]string]()
		case parent.Absent:
			return fact.Missing[[]string](n.gap(question{account: o.caller, resource: child, fact: "account.path", api: "organizations:ListParents"},
				client.Malformed("a unit of the organization has no parent")))
		case parent.Gap != nil:
			return fact.Missing[[]string](*parent.Gap)
		}
		if slices.Contains(path, parent.Value.id) {
			return fact.Missing[[]string](n.gap(question{account: o.caller, resource: child, fact: "account.path", api: "organizations:ListParents"},
				client.Malformed("the units of the organization form a cycle")))
		}
		if len(path) == maxPath {
			return fact.Missing[[]string](n.gap(question{account: o.caller, resource: id, fact: "account.path", api: "organizations:ListParents"},
				client.Malformed("the account is in more than %d units, one in another", maxPath)))
		}
		path = append(path, parent.Value.id)
		if parent.Value.root {
			slices.Reverse(path)
			return fact.Of(path)
		}
		child = parent.Value.id
	}
}

// listedPath reads "o-…/r-…/ou-…/ACCOUNT/" as the list of accounts has it.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
func (o *organization) listedPath(id string, paths []string) ([]string, error) {
	if len(paths) > 1 {
		return nil, client.Malformed("account %s is said to be in %d places", id, len(paths))
	}
	parts := strings.Split(strings.TrimSuffix(paths[0], "/"), "/")
	last := len(parts) - 1
	wrong := last < 2 || parts[0] != o.fact.Value.ID || parts[last] != id || o.roots != nil && !slices.Contains(o.roots, parts[1])
	seen := map[string]bool{}
	for i := 1; i < last; i++ {
		wrong = wrong || seen[parts[i]] || !strings.HasPrefix(parts[i], map[bool]string{true: "r-", false: "ou-"}[i == 1])
		seen[parts[i]] = true
	}
	switch {
	case wrong:
		return nil, client.Malformed("the path %q of account %s is none of the organization %s", client.Clip(paths[0]), id, o.fact.Value.ID)
	case last-1 > maxPath:
		return nil, client.Malformed("the account is in more than %d units, one in another", maxPath)
	}
	return parts[1:last], nil
}

type parent struct {
	id   string
	root bool
}

func (o *organization) parent(ctx context.Context, n *notes, child string) fact.Fact[parent] {
	return o.parents.Get(child, func() fact.Fact[parent] {
		return ask(n, question{account: o.caller, resource: child, fact: "account.path", api: "organizations:ListParents", absent: "ChildNotFoundException"},
			func() (p parent, err error) {
				var out *organizations.ListParentsOutput
				err = o.call(ctx, func() (err error) {
					out, err = o.client.ListParents(ctx, &organizations.ListParentsInput{ChildId: &child})
					return err
				})
				if err != nil {
					return p, err
				}
				if len(out.Parents) != 1 || out.Parents[0].Id == nil {
					return p, client.Malformed("%d parents were given, not one", len(out.Parents))
				}
				return parent{id: *out.Parents[0].Id, root: out.Parents[0].Type == types.ParentTypeRoot}, nil
			})
	})
}

// levels are the policies of one type from the root down to the account.
func (o *organization) levels(ctx context.Context, n *notes, a fact.Account, kind types.PolicyType) fact.Fact[[]fact.PolicyLevel] {
	switch {
	case o.types.Gap != nil:
		return fact.Missing[[]fact.PolicyLevel](*o.types.Gap)
	case o.types.Value == nil || !slices.Contains(*o.types.Value, kind):
		return fact.None[[]fact.PolicyLevel]()
	case a.Path.Value == nil:
		return fact.Missing[[]fact.PolicyLevel](*a.Path.Gap)
	}
	levels := []fact.PolicyLevel{}
	for _, target := range append(slices.Clone(*a.Path.Value), a.ID) {
		attached := o.attachedTo(ctx, n, target, kind)
		if attached.Value == nil {
			return fact.Missing[[]fact.PolicyLevel](*attached.Gap)
		}
		level := fact.PolicyLevel{Target: target, Policies: []fact.Policy{}}
		for _, id := range *attached.Value {
			policy := o.policy(ctx, n, id)
			if policy.Value == nil {
				return fact.Missing[[]fact.PolicyLevel](*policy.Gap)
			}
			level.Policies = append(level.Policies, *policy.Value)
		}
		slices.SortFunc(level.Policies, func(a, b fact.Policy) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ARN, b.ARN)) })
		levels = append(levels, level)
	}
	return fact.Of(levels)
}

// attachedTo are the ids of the policies on a root, unit or account.
func (o *organization) attachedTo(ctx context.Context, n *notes, target string, kind types.PolicyType) fact.Fact[[]string] {
	name := "account.scps"
	if kind == types.PolicyTypeResourceControlPolicy {
		name = "account.rcps"
	}
	return o.attached.Get(string(kind)+" "+target, func() fact.Fact[[]string] {
		return ask(n, question{account: o.caller, resource: target, fact: name, api: "organizations:ListPoliciesForTarget"},
			func() ([]string, error) {
				ids := []string{}
				err := client.Pages(func(token *string) (*string, error) {
					var out *organizations.ListPoliciesForTargetOutput
					err := o.call(ctx, func() (err error) {
						out, err = o.client.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &target, Filter: kind, NextToken: token})
						return err
					})
					if err != nil {
						return nil, err
					}
					if out.Policies == nil {
						return nil, client.Malformed("the answer has no list of policies")
					}
					for _, p := range out.Policies {
						id := aws.ToString(p.Id)
						if slices.Contains(ids, id) {
							return nil, client.Malformed("policy %s is listed twice", id)
						}
						ids = append(ids, id)
					}
					return out.NextToken, nil
				})
				switch {
				case err != nil:
				case kind == types.PolicyTypeServiceControlPolicy && len(ids) == 0:
					// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_detach.html
					err = client.Malformed("the list of SCPs is empty, and at least one is attached everywhere")
				case kind == types.PolicyTypeResourceControlPolicy && !slices.Contains(ids, fullAccessRCP):
					// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
					err = client.Malformed("the list of RCPs lacks %s, which is attached everywhere and cannot be detached", fullAccessRCP)
				}
				return ids, err
			})
	})
}

// policy is a policy of the organization, read once.
func (o *organization) policy(ctx context.Context, n *notes, id string) fact.Fact[fact.Policy] {
	return o.policies.Get(id, func() fact.Fact[fact.Policy] {
		return ask(n, question{account: o.caller, resource: id, fact: "organization.policy", api: "organizations:DescribePolicy"},
			func() (p fact.Policy, err error) {
				var out *organizations.DescribePolicyOutput
				err = o.call(ctx, func() (err error) {
					out, err = o.client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
					return err
				})
				if err != nil {
					return p, err
				}
				if out.Policy == nil || out.Policy.PolicySummary == nil {
					return p, client.Malformed("the answer has no policy")
				}
				p = fact.Policy{Name: aws.ToString(out.Policy.PolicySummary.Name), ARN: aws.ToString(out.Policy.PolicySummary.Arn)}
				p.Document, err = client.PolicyText(answer.OrganizationPolicy, aws.ToString(out.Policy.Content))
				return p, err
			})
	})
}
