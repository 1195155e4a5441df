package state

import (
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/fact"
)

// BucketQuestion asks for an action on a bucket or on an object in it.
func (s *State) BucketQuestion(b *Bucket, action, resource string, context map[string]contextkey.Value) Question {
	context["s3:resourceaccount"] = contextkey.One(b.Account)
	if b.ABAC == Enabled {
		AddTags(context, "aws:resourcetag/", b.Tags)
		AddTags(context, "s3:buckettag/", b.Tags)
	}
	return Question{
		Action: action, Resource: resource, Account: b.Account,
		Kind: policy.Bucket, Policy: b.Policy, Name: b.Name,
		Context: context, RestrictPublic: s.restrictPublic(b),
	}
}

// restrictPublic is the effective RestrictPublicBuckets of a bucket.
func (s *State) restrictPublic(b *Bucket) bool {
	a := s.AccountPublicAccess(b.Account)
	return b.PublicAccess != nil && b.PublicAccess.Restrict || a != nil && a.Restrict
}

// AccountPublicAccess is the public access block of an account: its own, or that of the
// organization's S3 policy, which takes its place. nil = none.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3.html
func (s *State) AccountPublicAccess(id string) *PublicAccessBlock {
	if o := s.Organization; o != nil && o.PublicAccess != nil && o.Parent[id] != "" {
		return o.PublicAccess
	}
	if a := s.Accounts[id]; a != nil {
		return a.PublicAccess
	}
	return nil
}

// BlockPublicPolicy is the effective BlockPublicPolicy of a bucket.
func (s *State) BlockPublicPolicy(b *Bucket) bool {
	a := s.AccountPublicAccess(b.Account)
	return b.PublicAccess != nil && b.PublicAccess.BlockPolicy || a != nil && a.BlockPolicy
}

// AddTags adds a condition key for each tag: the prefix and the tag's key in lower case.
func AddTags(context map[string]contextkey.Value, prefix string, tags []Tag) {
	for _, t := range tags {
		context[prefix+strings.ToLower(t.Key)] = contextkey.One(t.Value)
	}
}

// KeyQuestion asks for a cryptographic operation of a key that S3 does on behalf
// of a principal; object is the ARN of the object, or of the bucket with a bucket key.
func (s *State) KeyQuestion(who *Identity, k *Key, operation, object string) Question {
	context := s.KeyContext(k, who.Account)
	context["kms:viaservice"] = contextkey.One("s3." + k.Region + "." + fact.Domain(fact.PartitionOf(k.Region)))
	context["kms:encryptioncontext:aws:s3:arn"] = contextkey.One(object)
	context["kms:encryptioncontextkeys"] = contextkey.Many("aws:s3:arn")
	context["aws:requestedregion"] = contextkey.One(k.Region)
	return Question{
		Action: "kms:" + operation, Resource: k.ARN, Account: k.Account,
		Kind: policy.Key, Policy: k.Policy, Second: k.RAMPolicy, Name: k.ARN,
		Grants: Truth(k.Granted(who, operation)), Context: context,
	}
}
