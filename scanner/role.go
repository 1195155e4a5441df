package scanner

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

// role reads a role with everything that decides what it may do, in its own account.
func (v *visit) role(ctx context.Context, roleARN string) fact.Fact[fact.Role] {
	return v.cache.roles.Get(roleARN, func() fact.Fact[fact.Role] {
		where, err := arn.Parse(roleARN)
		path, isRole := strings.CutPrefix(where.Resource, "role/")
		q := ask.Question{Account: where.AccountID, Resource: roleARN, Fact: "role", API: "iam:GetRole", Absent: "NoSuchEntity"}
		if err != nil || where.Service != "iam" || !isRole {
			return fact.Missing[fact.Role](v.Gap(q, client.Malformed("this is not the ARN of a role")))
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		in, unread := v.reader(where.AccountID)
		boundary := ""
		elsewhere := false
		role := ask.Fact(&v.Notes, q, func() (r fact.Role, err error) {
			if unread != nil {
				return r, unread
			}
			out, err := v.session.iam(in).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
			if err != nil {
				return r, err
			}
			if out.Role == nil || out.Role.Arn == nil {
				return r, client.Malformed("the answer has no role")
			}
			r = fact.Role{ARN: *out.Role.Arn, AccountID: where.AccountID, Path: aws.ToString(out.Role.Path), Name: aws.ToString(out.Role.RoleName), ID: aws.ToString(out.Role.RoleId)}
			switch {
			case r.ARN == roleARN:
			case strings.EqualFold(r.ARN, roleARN):
				return r, client.NotRead("IAM writes this role's ARN %s; whether S3 assumes it under other letters is not documented", r.ARN)
			default:
				elsewhere = true // the name under another path: no role has this ARN
			}
			if b := out.Role.PermissionsBoundary; b != nil {
				boundary = aws.ToString(b.PermissionsBoundaryArn)
			}
			for _, t := range out.Role.Tags {
				put(&r.Tags, aws.ToString(t.Key), aws.ToString(t.Value))
			}
			r.Trust, err = encodedPolicy(answer.TrustPolicy, "trust-policy", out.Role.AssumeRolePolicyDocument)
			return r, err
		})
		if elsewhere {
			return fact.None[fact.Role]()
		}
		if r := role.Value; r != nil {
			c := v.session.iam(in)
			if l, ok := v.listedRole(ctx, in, r); ok {
				r.Inline = fact.Of(l.inline)
				r.Attached = v.managedPolicies(ctx, c, r, l.attached, l.managed)
			} else {
				r.Inline = v.inlinePolicies(ctx, c, r)
				r.Attached = v.attachedPolicies(ctx, c, r)
			}
			r.Boundary = fact.None[fact.Policy]()
			if boundary != "" {
				r.Boundary = v.managedPolicy(ctx, c, r, "role.boundary", boundary)
			}
		}
		return role
	})
}

func (v *visit) inlinePolicies(ctx context.Context, c *iam.Client, r *fact.Role) fact.Fact[[]fact.Policy] {
	q := ask.Question{Account: r.AccountID, Resource: r.ARN, Fact: "role.inline", API: "iam:ListRolePolicies"}
	names := ask.Fact(&v.Notes, q, func() ([]string, error) {
		names := []string{}
		err := client.Pages(func(token *string) (*string, error) {
			out, err := c.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &r.Name, Marker: token})
			if err != nil {
				return nil, err
			}
			if out.PolicyNames == nil {
				return nil, client.Malformed("the answer has no list of policies")
			}
			names = append(names, out.PolicyNames...)
			return next(out.IsTruncated, out.Marker)
		})
		slices.Sort(names)
		return names, err
	})
	if names.Value == nil {
		return fact.Missing[[]fact.Policy](*names.Gap)
	}
	q.API = "iam:GetRolePolicy"
	policies := []fact.Policy{}
	for _, name := range *names.Value {
		p := ask.Fact(&v.Notes, q, func() (fact.Policy, error) {
			out, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.Name, PolicyName: &name})
			if err != nil {
				return fact.Policy{}, err
			}
			return encodedPolicy(answer.IdentityPolicy, name, out.PolicyDocument)
		})
		if p.Value == nil {
			return fact.Missing[[]fact.Policy](*p.Gap)
		}
		policies = append(policies, *p.Value)
	}
	return fact.Of(policies)
}

func (v *visit) attachedPolicies(ctx context.Context, c *iam.Client, r *fact.Role) fact.Fact[[]fact.Policy] {
	q := ask.Question{Account: r.AccountID, Resource: r.ARN, Fact: "role.attached", API: "iam:ListAttachedRolePolicies"}
	arns := ask.Fact(&v.Notes, q, func() ([]string, error) {
		arns := []string{}
		err := client.Pages(func(token *string) (*string, error) {
			out, err := c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &r.Name, Marker: token})
			if err != nil {
				return nil, err
			}
			if out.AttachedPolicies == nil {
				return nil, client.Malformed("the answer has no list of policies")
			}
			for _, p := range out.AttachedPolicies {
				arns = append(arns, aws.ToString(p.PolicyArn))
			}
			return next(out.IsTruncated, out.Marker)
		})
		slices.Sort(arns)
		return arns, err
	})
	if arns.Value == nil {
		return fact.Missing[[]fact.Policy](*arns.Gap)
	}
	return v.managedPolicies(ctx, c, r, *arns.Value, nil)
}

// managedPolicies are the policies attached to a role, those of them read that are
// not known.
func (v *visit) managedPolicies(ctx context.Context, c *iam.Client, r *fact.Role, arns []string, known map[string]fact.Policy) fact.Fact[[]fact.Policy] {
	policies := []fact.Policy{}
	for _, policyARN := range arns {
		if p, ok := known[policyARN]; ok {
			policies = append(policies, p)
			continue
		}
		p := v.managedPolicy(ctx, c, r, "role.attached", policyARN)
		if p.Value == nil {
			return fact.Missing[[]fact.Policy](*p.Gap)
		}
		policies = append(policies, *p.Value)
	}
	return fact.Of(policies)
}

// managedPolicy reads the default version of a managed policy, once an account.
func (v *visit) managedPolicy(ctx context.Context, c *iam.Client, r *fact.Role, name, policyARN string) fact.Fact[fact.Policy] {
	return v.cache.policies.Get(strings.Join([]string{r.AccountID, name, policyARN}, " "), func() fact.Fact[fact.Policy] {
		q := ask.Question{Account: r.AccountID, Resource: policyARN, Fact: name, API: "iam:GetPolicy"}
		p := fact.Policy{ARN: policyARN}
		version := ask.Fact(&v.Notes, q, func() (string, error) {
			out, err := c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &policyARN})
			switch {
			case err != nil:
				return "", err
			case out.Policy == nil || out.Policy.DefaultVersionId == nil:
				return "", client.Malformed("the answer has no policy")
			}
			p.Name = aws.ToString(out.Policy.PolicyName)
			return *out.Policy.DefaultVersionId, nil
		})
		if version.Value == nil {
			return fact.Missing[fact.Policy](*version.Gap)
		}
		q.API = "iam:GetPolicyVersion"
		return ask.Fact(&v.Notes, q, func() (fact.Policy, error) {
			out, err := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &policyARN, VersionId: version.Value})
			switch {
			case err != nil:
				return p, err
			case out.PolicyVersion == nil:
				return p, client.Malformed("the answer has no policy version")
			case !out.PolicyVersion.IsDefaultVersion:
				return p, client.Malformed("version %s of the policy is not its default version", client.Clip(*version.Value))
			}
			read, err := encodedPolicy(answer.IdentityPolicy, p.Name, out.PolicyVersion.Document)
			p.Document = read.Document
			return p, err
		})
	})
}

// encodedPolicy is a policy document as IAM gives it: URL-encoded by RFC 3986,
// in which a plus sign is a plus sign.
func encodedPolicy(kind answer.PolicyKind, name string, document *string) (fact.Policy, error) {
	p := fact.Policy{Name: name}
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return p, client.Malformed("the policy document is not URL-encoded: %v", err)
	}
	p.Document, err = client.PolicyText(kind, text)
	return p, err
}

// next is the token of the next page; a list that is cut without one is refused.
func next(truncated bool, marker *string) (*string, error) {
	if truncated && aws.ToString(marker) == "" {
		return nil, client.Malformed("the list is cut, and no token is given for the rest")
	}
	if !truncated {
		return nil, nil
	}
	return marker, nil
}
