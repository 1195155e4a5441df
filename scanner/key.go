package scanner

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

// key reads a KMS key, named by an ARN, or by an id or alias in the given account
// and Region, in the account that owns it: no other account may read its policy.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func (v *visit) key(ctx context.Context, ref, owner, region string) fact.Fact[fact.Key] {
	if a, err := arn.Parse(ref); err == nil {
		owner, region = a.AccountID, a.Region
	}
	return v.cache.keys.Get(strings.Join([]string{owner, region, ref}, " "), func() fact.Fact[fact.Key] {
		q := ask.Question{Account: owner, Resource: ref, Fact: "key", API: "kms:DescribeKey", Absent: "NotFoundException"}
		if strings.Contains(ref, "alias/aws/") {
			q.Absent = "" // KMS makes an AWS managed key when it is first asked for
		}
		in, unread := v.reader(owner)
		key := ask.Fact(&v.Notes, q, func() (k fact.Key, err error) {
			switch {
			case unread != nil:
				return k, unread
			case region == "":
				return k, client.NotRead("the Region of the key is not known")
			}
			out, err := v.session.kms(in, region).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &ref})
			if err != nil {
				return k, err
			}
			m := out.KeyMetadata
			if m == nil || m.Arn == nil || m.KeyState == "" {
				return k, client.Malformed("the answer has no key")
			}
			k = fact.Key{ARN: *m.Arn, AccountID: owner, Region: region, State: string(m.KeyState), Manager: string(m.KeyManager),
				Spec: string(m.KeySpec), Usage: string(m.KeyUsage), Origin: string(m.Origin), MultiRegion: aws.ToBool(m.MultiRegion)}
			if id := client.AccountOf(k.ARN); id != "" {
				k.AccountID = id
			}
			return k, oneOf("KeyManager", k.Manager, "AWS", "CUSTOMER")
		})
		k := key.Value
		if k == nil {
			return key
		}
		c := v.session.kms(in, region)
		q.Resource, q.Absent = k.ARN, ""
		k.Policy = v.keyPolicy(ctx, c, q, "default")
		if k.Manager == "AWS" {
			k.RAMPolicy = fact.None[fact.Policy]() // AWS managed keys cannot be shared
		} else {
			k.RAMPolicy = v.keyPolicy(ctx, c, q, "AWS_RAM")
		}
		k.Grants = v.keyGrants(ctx, c, q)
		k.Aliases = v.keyAliases(ctx, c, q)
		if k.Manager == "AWS" {
			k.Tags = map[string]string{} // AWS managed keys cannot be tagged
		} else if t := v.keyTags(ctx, c, q); t.Value != nil {
			k.Tags = *t.Value
		}
		return key
	})
}

// keyPolicy reads one of the policies that a key can have: default, which every key has, and
// AWS_RAM, by which AWS RAM shares it. KMS evaluates both together.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
func (v *visit) keyPolicy(ctx context.Context, c *kms.Client, q ask.Question, name string) fact.Fact[fact.Policy] {
	q.Fact, q.API = "key.policy", "kms:GetKeyPolicy"
	if name != "default" {
		q.Fact, q.Absent = "key.ram_policy", "NotFoundException"
	}
	return ask.Fact(&v.Notes, q, func() (p fact.Policy, err error) {
		p.Name = name
		out, err := c.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &q.Resource, PolicyName: &p.Name})
		if err != nil {
			return p, err
		}
		p.Document, err = client.PolicyText(answer.KeyPolicy, aws.ToString(out.Policy))
		return p, err
	})
}

func (v *visit) keyGrants(ctx context.Context, c *kms.Client, q ask.Question) fact.Fact[[]fact.Grant] {
	q.Fact, q.API = "key.grants", "kms:ListGrants"
	return ask.Fact(&v.Notes, q, func() ([]fact.Grant, error) {
		grants := []fact.Grant{}
		err := client.Pages(func(token *string) (*string, error) {
			out, err := c.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &q.Resource, Marker: token})
			if err != nil {
				return nil, err
			}
			if out.Grants == nil {
				return nil, client.Malformed("the answer has no list of grants")
			}
			for _, g := range out.Grants {
				grant := fact.Grant{ID: aws.ToString(g.GrantId), GranteePrincipal: cmp.Or(aws.ToString(g.GranteePrincipal), aws.ToString(g.GranteeServicePrincipal)),
					Operations: texts(g.Operations), Constrained: g.Constraints != nil}
				slices.Sort(grant.Operations)
				grants = append(grants, grant)
			}
			return next(out.Truncated, out.NextMarker)
		})
		slices.SortFunc(grants, func(a, b fact.Grant) int { return cmp.Compare(a.ID, b.ID) })
		return grants, err
	})
}

func (v *visit) keyAliases(ctx context.Context, c *kms.Client, q ask.Question) fact.Fact[[]string] {
	q.Fact, q.API = "key.aliases", "kms:ListAliases"
	return ask.Fact(&v.Notes, q, func() ([]string, error) {
		names := []string{}
		err := client.Pages(func(token *string) (*string, error) {
			out, err := c.ListAliases(ctx, &kms.ListAliasesInput{KeyId: &q.Resource, Marker: token})
			if err != nil {
				return nil, err
			}
			if out.Aliases == nil {
				return nil, client.Malformed("the answer has no list of aliases")
			}
			for _, a := range out.Aliases {
				names = append(names, aws.ToString(a.AliasName))
			}
			return next(out.Truncated, out.NextMarker)
		})
		slices.Sort(names)
		return names, err
	})
}

func (v *visit) keyTags(ctx context.Context, c *kms.Client, q ask.Question) fact.Fact[map[string]string] {
	q.Fact, q.API = "key.tags", "kms:ListResourceTags"
	return ask.Fact(&v.Notes, q, func() (map[string]string, error) {
		tags := map[string]string{}
		err := client.Pages(func(token *string) (*string, error) {
			out, err := c.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &q.Resource, Marker: token})
			if err != nil {
				return nil, err
			}
			if out.Tags == nil {
				return nil, client.Malformed("the answer has no list of tags")
			}
			for _, t := range out.Tags {
				tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
			}
			return next(out.Truncated, out.NextMarker)
		})
		return tags, err
	})
}
