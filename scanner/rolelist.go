package scanner

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

const (
	// manyRoles is how many roles of an account are read one by one. A role costs
	// about four calls; from the next one on it costs one, since the policies of all
	// roles are listed together, a page for every listPage roles that the account has.
	manyRoles = 16

	// listPage is how many roles or policies are asked for in one page. IAM allows
	// 1,000; a page is held as a whole, and this many take about a megabyte.
	listPage = 200

	// listRoom is how many roles and policies are remembered of all lists, typically
	// 2 KB each. What finds no room is read by itself.
	listRoom = 1 << 13

	// listsAtOnce is how many accounts are listed at a time.
	listsAtOnce = 4
)

// roleLists are the policies of roles as iam:GetAccountAuthorizationDetails returns
// them, by account.
type roleLists struct {
	slots chan struct{}

	mu   sync.Mutex
	of   map[string]*roleList
	room int
}

// roleList holds the listed roles and policies of an account that were not used yet.
type roleList struct {
	asked   int                    // roles, so far; guarded by roleLists.mu, like roles
	ready   chan struct{}          // nil until a goroutine reads the list, closed once it was read
	roles   map[string]listedRole  // by ARN
	managed map[string]fact.Policy // by ARN; not changed any more
}

// listedRole is a role as it was listed. The permissions boundary is not in it:
// AWS was observed to leave it out, and GetRole returns it.
type listedRole struct {
	id       string // AROA…
	inline   []fact.Policy
	attached []string               // ARNs
	managed  map[string]fact.Policy // of the account's own policies
}

func newRoleLists() *roleLists {
	return &roleLists{slots: make(chan struct{}, listsAtOnce), of: map[string]*roleList{}, room: listRoom}
}

// listedRole is a role from the list of its account. It is not found while few roles of
// the account have been asked for, or if the list could not be read: then the role is
// read by itself, with the same result.
func (v *visit) listedRole(ctx context.Context, in *account, r *fact.Role) (listedRole, bool) {
	l := v.roleLists
	l.mu.Lock()
	list := l.of[in.id]
	if list == nil {
		list = &roleList{}
		l.of[in.id] = list
	}
	list.asked++
	many := list.asked > max(0, cmp.Or(v.opts.manyRoles, manyRoles))
	first := many && list.ready == nil
	if first {
		list.ready = make(chan struct{})
	}
	l.mu.Unlock()
	switch {
	case !many:
		return listedRole{}, false
	case first:
		v.listRoles(ctx, in, list)
		close(list.ready)
	default:
		<-list.ready // the calls heed the scan's context, so this ends with it
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	role, ok := list.roles[r.ARN]
	if ok {
		delete(list.roles, r.ARN) // the fact is remembered from now on
		l.room++
	}
	role.managed = list.managed
	return role, ok && role.id == r.ID
}

// listRoles lists the roles of an account that S3 may assume, and then the
// policies of the account that are attached to them. Nothing is lost if the list cannot
// be read: its roles are read one by one. Only a missing permission is reported, since
// it can be granted.
func (v *visit) listRoles(ctx context.Context, in *account, list *roleList) {
	l := v.roleLists
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return
	}
	take := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.room == 0 {
			return false
		}
		l.room--
		return true
	}
	roles, managed, attached := map[string]listedRole{}, map[string]fact.Policy{}, map[string]bool{}
	err := v.authorizationDetails(ctx, in, types.EntityTypeRole, func(out *iam.GetAccountAuthorizationDetailsOutput) error {
		if out.RoleDetailList == nil {
			return client.Malformed("the answer has no list of roles")
		}
		for i := range out.RoleDetailList {
			r, ok := roleOf(&out.RoleDetailList[i])
			if !ok || !take() {
				continue
			}
			roles[*out.RoleDetailList[i].Arn] = r
			for _, policy := range r.attached {
				attached[policy] = attached[policy] || client.AccountOf(policy) == in.id
			}
		}
		return nil
	})
	for _, own := range attached {
		if err != nil || !own {
			continue
		}
		err = v.authorizationDetails(ctx, in, types.EntityTypeLocalManagedPolicy, func(out *iam.GetAccountAuthorizationDetailsOutput) error {
			for i := range out.Policies {
				if p, ok := policyOf(&out.Policies[i]); ok && attached[p.ARN] && take() {
					managed[p.ARN] = p
				}
			}
			return nil
		})
		break
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		list.roles, list.managed = roles, managed
		return
	}
	l.room += len(roles) + len(managed)
	q := ask.Question{Account: in.id, Resource: in.id, Fact: "account.roles", API: "iam:GetAccountAuthorizationDetails"}
	if g := q.Gap(err); client.IsDenied(g.Code) {
		g.Message = strings.TrimSuffix(g.Message, ".") + "; the roles are read one by one"
		v.Gaps = append(v.Gaps, g)
	}
}

// authorizationDetails calls page with every page of what the account has of a kind.
func (v *visit) authorizationDetails(ctx context.Context, in *account, kind types.EntityType, page func(*iam.GetAccountAuthorizationDetailsOutput) error) error {
	c := v.session.iam(in)
	return client.Pages(func(token *string) (*string, error) {
		out, err := c.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
			Filter: []types.EntityType{kind}, MaxItems: aws.Int32(listPage), Marker: token})
		if err != nil {
			return nil, err
		}
		if err := page(out); err != nil {
			return nil, err
		}
		return next(out.IsTruncated, out.Marker)
	})
}

// roleOf is a role of a list, if S3 may assume it and the entry is complete.
func roleOf(d *types.RoleDetail) (listedRole, bool) {
	r := listedRole{id: aws.ToString(d.RoleId)}
	trust, err := encodedPolicy(answer.TrustPolicy, "", d.AssumeRolePolicyDocument)
	if err != nil || !strings.Contains(trust.Document, "s3.amazonaws.com") || r.id == "" || d.Arn == nil || d.RolePolicyList == nil || d.AttachedManagedPolicies == nil {
		return r, false
	}
	for _, in := range d.RolePolicyList {
		p, err := encodedPolicy(answer.IdentityPolicy, aws.ToString(in.PolicyName), in.PolicyDocument)
		if err != nil || p.Name == "" {
			return r, false
		}
		r.inline = append(r.inline, p)
	}
	slices.SortFunc(r.inline, func(a, b fact.Policy) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range d.AttachedManagedPolicies {
		r.attached = append(r.attached, aws.ToString(p.PolicyArn))
	}
	slices.Sort(r.attached)
	return r, true
}

// policyOf is the default version of a policy of a list, if it is there.
func policyOf(d *types.ManagedPolicyDetail) (fact.Policy, bool) {
	for _, version := range d.PolicyVersionList {
		if d.DefaultVersionId == nil || aws.ToString(version.VersionId) != *d.DefaultVersionId {
			continue
		}
		p, err := encodedPolicy(answer.IdentityPolicy, aws.ToString(d.PolicyName), version.Document)
		p.ARN = aws.ToString(d.Arn)
		return p, err == nil && p.Name != "" && p.ARN != ""
	}
	return fact.Policy{}, false
}
