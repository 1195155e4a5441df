package sandbox

import (
	"strings"

	"crosscheck/rules/iam"
)

// bucketRequest asks for an action on a bucket or on an object of it.
func (s *State) bucketRequest(b *bucket, action, resource string, context map[string]iam.Value) question {
	context["s3:resourceaccount"] = iam.One(b.account)
	return question{
		action: action, resource: resource, account: b.account,
		kind: iam.BucketPolicy, policy: b.policy, name: b.name,
		context: context, restrictPublic: s.restrictPublic(b),
	}
}

// restrictPublic is the effective RestrictPublicBuckets of a bucket.
func (s *State) restrictPublic(b *bucket) bool {
	a := s.accounts[b.account]
	return b.publicAccess != nil && b.publicAccess.Restrict ||
		a != nil && a.publicAccess != nil && a.publicAccess.Restrict
}

// blockPublicPolicy is the effective BlockPublicPolicy of a bucket.
func (s *State) blockPublicPolicy(b *bucket) bool {
	a := s.accounts[b.account]
	return b.publicAccess != nil && b.publicAccess.BlockPolicy ||
		a != nil && a.publicAccess != nil && a.publicAccess.BlockPolicy
}

func withTags(context map[string]iam.Value, prefix string, tags []tag) {
	for _, t := range tags {
		context[prefix+strings.ToLower(t.Key)] = iam.One(t.Value)
	}
}

// keyRequest asks for a cryptographic operation of a key that S3 does on behalf
// of a principal; object is the ARN of the object, or of the bucket with a bucket key.
func (s *State) keyRequest(who *identity, k *key, operation, object string) question {
	context := s.keyContext(k, who.account)
	context["kms:viaservice"] = iam.One("s3." + k.region + ".amazonaws.com")
	context["kms:encryptioncontext:aws:s3:arn"] = iam.One(object)
	context["kms:encryptioncontextkeys"] = iam.Many("aws:s3:arn")
	context["aws:requestedregion"] = iam.One(k.region)
	return question{
		action: "kms:" + operation, resource: k.arn, account: k.account,
		kind: iam.KeyPolicy, policy: k.policy, name: k.arn,
		grants: truth(k.granted(who, operation)), context: context,
	}
}
