// Package organization reads an organization: its accounts, their places in it, and the
// policies over them.
package organization

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

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/once"
)

// NotListed is the kind of a [client.Error] where the accounts of the organization cannot be
// listed, and none was named.
const NotListed client.ErrorKind = "organization not listed"

// Reader reads the organization with the caller's credentials. Its APIs
// are slow (a few calls a second for the whole organization), so every answer
// is remembered, and few calls are on their way at a time.
//
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
type Reader struct {
	client *organizations.Client
	caller string // account id
	slots  chan struct{}

	parents  *once.Map[fact.Fact[parent]]      // by id of the unit or account
	attached *once.Map[fact.Fact[[]string]]    // ids of policies, by their type and what they are attached to
	policies *once.Map[fact.Fact[fact.Policy]] // by id

	Fact    fact.Fact[fact.Organization]  // by Describe
	types   fact.Fact[[]types.PolicyType] // enabled ones
	roots   []string                      // ids; nil = not known
	Members map[string]Member             // by List, by account id; nil = not listed
}

// readTypes are the types of policies that decide requests of S3.
var readTypes = []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy}

// PolicyTypes is how many of the types are enabled that decide requests of S3, as far as
// that is known.
func (o *Reader) PolicyTypes() int {
	if o.types.Value == nil {
		return 0
	}
	return len(slices.DeleteFunc(slices.Clone(readTypes), func(t types.PolicyType) bool { return !slices.Contains(*o.types.Value, t) }))
}

// Member is an account as ListAccounts returns it.
type Member struct {
	Name  string
	State string   // ACTIVE, SUSPENDED, …
	Paths []string // "o-…/r-…/ou-…/ACCOUNT/", at most one; nil = not given
}

// callsAtOnce is how many calls to Organizations are made at a time.
const callsAtOnce = 4

// New makes a Reader of the caller's organization; caller is the id of the caller's account.
func New(client *organizations.Client, caller string) *Reader {
	return &Reader{client: client, caller: caller, slots: make(chan struct{}, callsAtOnce),
		parents: once.New[fact.Fact[parent]](1 << 14), attached: once.New[fact.Fact[[]string]](1 << 14), policies: once.New[fact.Fact[fact.Policy]](1 << 12)}
}

// call waits for its turn.
func (o *Reader) call(ctx context.Context, f func() error) error {
	select {
	case o.slots <- struct{}{}:
		defer func() { <-o.slots }()
		return f()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Describe reads what there is to know of the organization as a whole. An
// account that is in none has the facts absent.
func (o *Reader) Describe(ctx context.Context, n *ask.Notes) {
	o.types = fact.None[[]types.PolicyType]()
	o.Fact = ask.Fact(n, ask.Question{Account: o.caller, Resource: "organization", Fact: "organization", API: "organizations:DescribeOrganization", Absent: "AWSOrganizationsNotInUseException"},
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
	if o.Fact.Value == nil {
		if o.Fact.Gap != nil {
			o.types = fact.Missing[[]types.PolicyType](*o.Fact.Gap)
		}
		return
	}
	org := o.Fact.Value
	o.types = ask.Fact(n, ask.Question{Account: o.caller, Resource: org.ID, Fact: "organization.policy_types", API: "organizations:ListRoots"},
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

// List lists the member accounts. The error says what to do when it cannot:
// nothing less than the whole organization would be the answer to the question.
func (o *Reader) List(ctx context.Context, callerARN string) error {
	const elsewhere = "use credentials of the management account or of a delegated administrator, or name accounts with --accounts, or scan the caller's own account with --account-only"
	if o.Fact.Absent {
		return &client.Error{Kind: NotListed, Problem: fmt.Sprintf("account %s is in no organization", o.caller),
			Hint: "name accounts with --accounts, or scan the caller's own account with --account-only"}
	}
	refused := func(api string, err error) error {
		return &client.Error{Kind: NotListed, Err: err, Hint: elsewhere,
			Problem: fmt.Sprintf("the organization cannot be listed: %s needs the permission %s (%s)", callerARN, ask.Action(api), client.OneLine(err))}
	}
	if g := o.Fact.Gap; g != nil {
		return refused(g.API, &smithy.GenericAPIError{Code: g.Code, Message: g.Message})
	}
	members := map[string]Member{}
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
			members[aws.ToString(a.Id)] = Member{Name: aws.ToString(a.Name), State: cmp.Or(string(a.State), string(a.Status), "ACTIVE"), Paths: a.Paths}
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
	for _, id := range []string{o.Fact.Value.ManagementAccountID, o.caller} {
		if _, ok := members[id]; !ok {
			return refused("organizations:ListAccounts", client.Malformed("the list of accounts is not whole: account %s is in the organization, and not in the list", id))
		}
	}
	o.Members = members
	return nil
}

// Account is everything the organization says about an account.
func (o *Reader) Account(ctx context.Context, n *ask.Notes, id string) fact.Account {
	a := fact.Account{ID: id}
	switch {
	case o.Fact.Absent:
		// In no organization: no policy of one applies to the caller's own account.
		// Of any other account nothing is known.
		a.InOrganization = fact.Of(false)
		if id == o.caller {
			a.Path, a.SCPs, a.RCPs = fact.None[[]string](), fact.None[[]fact.PolicyLevel](), fact.None[[]fact.PolicyLevel]()
			return a
		}
		return o.outside(n, a)
	case o.Fact.Value == nil:
		g := *o.Fact.Gap
		a.InOrganization, a.Path = fact.Missing[bool](g), fact.Missing[[]string](g)
		a.SCPs, a.RCPs = fact.Missing[[]fact.PolicyLevel](g), fact.Missing[[]fact.PolicyLevel](g)
		return a
	}
	a.Management = id == o.Fact.Value.ManagementAccountID
	if o.Members != nil {
		m, in := o.Members[id]
		a.Name, a.InOrganization = m.Name, fact.Of(in)
		if !in {
			return o.outside(n, a)
		}
	}
	a.Path = o.path(ctx, n, id)
	if o.Members == nil {
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
func (o *Reader) outside(n *ask.Notes, a fact.Account) fact.Account {
	g := n.Gap(ask.Question{Account: a.ID, Resource: a.ID, Fact: "account.policies", API: "organizations:ListParents"},
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
func (o *Reader) path(ctx context.Context, n *ask.Notes, id string) fact.Fact[[]string] {
	if m := o.Members[id]; len(m.Paths) > 0 {
		return ask.Fact(n, ask.Question{Account: o.caller, Resource: id, Fact: "account.path", API: "organizations:ListAccounts"},
			func() ([]string, error) { return o.listedPath(id, m.Paths) })
	}
	path := []string{}
	for child := id; ; {
		parent := o.parent(ctx, n, child)
		switch {
		case parent.Absent && child == id:
			return fact.None[[]string]()
		case parent.Absent:
			return fact.Missing[[]string](n.Gap(ask.Question{Account: o.caller, Resource: child, Fact: "account.path", API: "organizations:ListParents"},
				client.Malformed("a unit of the organization has no parent")))
		case parent.Gap != nil:
			return fact.Missing[[]string](*parent.Gap)
		}
		if slices.Contains(path, parent.Value.id) {
			return fact.Missing[[]string](n.Gap(ask.Question{Account: o.caller, Resource: child, Fact: "account.path", API: "organizations:ListParents"},
				client.Malformed("the units of the organization form a cycle")))
		}
		if len(path) == maxPath {
			return fact.Missing[[]string](n.Gap(ask.Question{Account: o.caller, Resource: id, Fact: "account.path", API: "organizations:ListParents"},
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
func (o *Reader) listedPath(id string, paths []string) ([]string, error) {
	if len(paths) > 1 {
		return nil, client.Malformed("account %s is said to be in %d places", id, len(paths))
	}
	parts := strings.Split(strings.TrimSuffix(paths[0], "/"), "/")
	last := len(parts) - 1
	wrong := last < 2 || parts[0] != o.Fact.Value.ID || parts[last] != id || o.roots != nil && !slices.Contains(o.roots, parts[1])
	seen := map[string]bool{}
	for i := 1; i < last; i++ {
		wrong = wrong || seen[parts[i]] || !strings.HasPrefix(parts[i], map[bool]string{true: "r-", false: "ou-"}[i == 1])
		seen[parts[i]] = true
	}
	switch {
	case wrong:
		return nil, client.Malformed("the path %q of account %s is none of the organization %s", client.Clip(paths[0]), id, o.Fact.Value.ID)
	case last-1 > maxPath:
		return nil, client.Malformed("the account is in more than %d units, one in another", maxPath)
	}
	return parts[1:last], nil
}

type parent struct {
	id   string
	root bool
}

func (o *Reader) parent(ctx context.Context, n *ask.Notes, child string) fact.Fact[parent] {
	return o.parents.Get(child, func() fact.Fact[parent] {
		return ask.Fact(n, ask.Question{Account: o.caller, Resource: child, Fact: "account.path", API: "organizations:ListParents", Absent: "ChildNotFoundException"},
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
func (o *Reader) levels(ctx context.Context, n *ask.Notes, a fact.Account, kind types.PolicyType) fact.Fact[[]fact.PolicyLevel] {
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
func (o *Reader) attachedTo(ctx context.Context, n *ask.Notes, target string, kind types.PolicyType) fact.Fact[[]string] {
	name := "account.scps"
	if kind == types.PolicyTypeResourceControlPolicy {
		name = "account.rcps"
	}
	return o.attached.Get(string(kind)+" "+target, func() fact.Fact[[]string] {
		return ask.Fact(n, ask.Question{Account: o.caller, Resource: target, Fact: name, API: "organizations:ListPoliciesForTarget"},
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
func (o *Reader) policy(ctx context.Context, n *ask.Notes, id string) fact.Fact[fact.Policy] {
	return o.policies.Get(id, func() fact.Fact[fact.Policy] {
		return ask.Fact(n, ask.Question{Account: o.caller, Resource: id, Fact: "organization.policy", API: "organizations:DescribePolicy"},
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
