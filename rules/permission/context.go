package permission

import (
	"slices"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// context is what is known of the condition keys of a request that S3 makes as
// the replication role. Only keys that a policy names are filled in; one that is
// named and not known here is unknown, never absent.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (e *evaluation) context(s *side, action string, variant int) map[string]contextkey.Value {
	var out map[string]contextkey.Value
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, k := range p.Keys {
				if _, ok := out[k]; ok {
					continue
				}
				if out == nil {
					out = map[string]contextkey.Value{}
				}
				out[k] = e.value(s, action, k, variant)
			}
		}
	}
	return out
}

// value is one condition key of a request of the role's session.
func (e *evaluation) value(s *side, action, key string, variant int) contextkey.Value {
	if v, ok := e.inferredValue(key, s.key == nil); ok {
		return v
	}
	if name, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
		return e.roleTag(name)
	}
	switch key {
	case "aws:principalarn":
		if e.role != nil {
			return contextkey.One(e.role.ARN)
		}
		return contextkey.One(e.link.RoleARN)
	case "aws:principalaccount":
		if e.principal.Account != "" {
			return contextkey.One(e.principal.Account)
		}
	case "aws:principalorgid":
		return e.orgID(e.principal.Account)
	case "aws:principalorgpaths":
		return e.orgPaths(e.principal.Account)
	case "aws:principaltype":
		return contextkey.One("AssumedRole")
	case "aws:userid":
		if e.principal.RoleID != "" {
			return contextkey.One(e.principal.RoleID + ":" + sessionName)
		}
	case "aws:principalisawsservice":
		return contextkey.One("false")
	case "aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:federatedprovider",
		"aws:principalservicename", "aws:principalservicenameslist":
		return contextkey.Absent()
	case "aws:requestedregion":
		if s.region != "" {
			return contextkey.One(s.region)
		}
	case "aws:resourceaccount", "s3:resourceaccount":
		if s.account != "" {
			return contextkey.One(s.account)
		}
	case "aws:resourceorgid":
		return e.orgID(s.account)
	case "aws:resourceorgpaths":
		return e.orgPaths(s.account)
	}
	if s.key != nil {
		return e.keyValue(s, key, variant)
	}
	for _, prefix := range []string{"aws:resourcetag/", "s3:buckettag/"} {
		if tag, ok := strings.CutPrefix(key, prefix); ok {
			return bucketTag(s.bucket, tag)
		}
	}
	if tag, ok := strings.CutPrefix(key, tagKey); ok {
		return e.objectTag(s, action, key, tag)
	}
	return e.requestValue(s, action, key)
}

// requestValue is a condition key of what S3 sends when it replicates: one value, or the few
// that it can have.
func (e *evaluation) requestValue(s *side, action, key string) contextkey.Value {
	switch key {
	case "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths",
		// Only calls that a service makes as itself have these, and the role's session is no service.
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
		"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:accesspointnetworkorigin":
		// Replication goes to the bucket, not through an access point.
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
		return contextkey.Absent()
	case "s3:x-amz-bucket-namespace":
		// Only a request to create a bucket has it.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
		return contextkey.Absent()
	}
	if action != "s3:ReplicateObject" {
		return contextkey.Value{}
	}
	switch key {
	case headerKey, headerKey + "-aws-kms-key-id":
		return e.header(key)
	case "s3:object-lock-event-hold", "s3:object-lock-event-hold-duration-days":
		if e.ObjectLock == logic.False {
			return contextkey.Absent() // no object has a hold
		}
	case "s3:x-amz-acl", "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write-acp",
		"s3:x-amz-grant-full-control":
		// No key of this action, by the list of its keys.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
		return contextkey.Absent()
	}
	return contextkey.Value{}
}

// keyValue is one condition key of a request to a KMS key.
func (e *evaluation) keyValue(s *side, key string, variant int) contextkey.Value {
	switch key {
	case "kms:viaservice":
		if s.region != "" {
			return contextkey.One("s3." + s.region + "." + fact.Domain(e.doc.Partition))
		}
	case "kms:calleraccount":
		if e.principal.Account != "" {
			return contextkey.One(e.principal.Account)
		}
	case contextKey:
		return e.encryptionContext(s, variant)
	case "kms:encryptioncontextkeys":
		if s.layer == demand.DestinationKey {
			return contextkey.Many("aws:s3:arn")
		}
	case "kms:grantisforawsresource", "kms:granteeprincipal", "kms:grantconstrainttype", "kms:grantoperations":
		return contextkey.Absent()
	}
	k := s.key.key
	if k == nil {
		return contextkey.Value{}
	}
	if name, ok := strings.CutPrefix(key, "aws:resourcetag/"); ok && len(k.Tags) > 0 {
		return contextkey.Tag(k.Tags, name)
	}
	switch key {
	case "kms:keyspec":
		return contextkey.NonEmpty(k.Spec)
	case "kms:keyusage":
		return contextkey.NonEmpty(k.Usage)
	case "kms:keyorigin":
		return contextkey.NonEmpty(k.Origin)
	case "kms:multiregion":
		if k.MultiRegion {
			return contextkey.One("true")
		}
		return contextkey.One("false")
	case "kms:resourcealiases":
		if k.Aliases.Value != nil && len(*k.Aliases.Value) > 0 {
			return contextkey.Many(*k.Aliases.Value...)
		}
	}
	return contextkey.Value{}
}

// contextKey is the encryption context that S3 sends: the ARN of the object or of
// its bucket.
const contextKey = "kms:encryptioncontext:aws:s3:arn"

// networkKeys say where a request comes from, which for S3's own is not documented.
var networkKeys = []string{"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"}

// encryptionContext is the value of the context key for every object of the link at
// once: one that stands for all where all policies treat them alike, else each.
func (e *evaluation) encryptionContext(s *side, variant int) contextkey.Value {
	value := s.key.contexts[variant]
	if value == s.bucketARN {
		return contextkey.One(value)
	}
	if e.object != "" {
		return contextkey.One(s.bucketARN + "/" + e.object)
	}
	longest := 0
	for _, list := range [2][]*Policy{e.rolePolicies, s.policies} {
		for _, p := range list {
			for _, u := range p.Uses {
				if u.Key != contextKey {
					continue
				}
				longest = max(longest, len(u.Value))
				if !u.Alike(value) {
					rest := "*"
					if e.link.Rule.Prefix == "" {
						rest = "?*" // no object has an empty key
					}
					return contextkey.Each(contextkey.EscapeGlob(value)+rest, s.except...)
				}
			}
		}
	}
	s.key.anObject = value + strings.Repeat(match.Fresh, longest+1)
	return contextkey.One(s.key.anObject)
}

// trustContext is what is known of S3's request to assume the role. AWS does not
// say whether the source bucket is sent, so both cases are asked for.
func (e *evaluation) trustContext(used []*Policy, sent bool) map[string]contextkey.Value {
	out := map[string]contextkey.Value{}
	for _, p := range used {
		for _, k := range p.Keys {
			out[k] = e.trustValue(k, sent)
		}
	}
	return out
}

func (e *evaluation) trustValue(key string, sent bool) contextkey.Value {
	if v, ok := e.inferredValue(key, false); ok {
		return v
	}
	source := func(v contextkey.Value) contextkey.Value {
		if !sent {
			return contextkey.Absent()
		}
		return v
	}
	account := ""
	if e.role != nil {
		account = e.role.AccountID
	}
	switch key {
	case "aws:sourceaccount":
		return source(contextkey.NonEmpty(e.doc.Bucket.AccountID))
	case "aws:sourcearn":
		return source(contextkey.One(e.doc.Bucket.ARN))
	case "aws:sourceorgid":
		return source(e.orgID(e.doc.Bucket.AccountID))
	case "aws:sourceorgpaths":
		return source(e.orgPaths(e.doc.Bucket.AccountID))
	case "aws:principalisawsservice":
		return contextkey.One("true")
	case "aws:principalservicename":
		return contextkey.One("s3.amazonaws.com")
	case "aws:resourceaccount":
		return contextkey.NonEmpty(account)
	case "aws:resourceorgid":
		return e.orgID(account)
	case "aws:resourceorgpaths":
		return e.orgPaths(account)
	case "sts:externalid", "aws:username", "aws:userid", "aws:principalarn", "aws:principalaccount", "aws:principalorgid",
		"aws:principalorgpaths", "aws:multifactorauthpresent", "aws:multifactorauthage":
		return contextkey.Absent()
	}
	return contextkey.Value{}
}

// orgID is the organization of an account; unknown for one outside of the
// scanned organization, which may be in another.
func (e *evaluation) orgID(account string) contextkey.Value {
	a, ok := e.doc.Accounts[account]
	if o := e.doc.Organization.Value; ok && o != nil && a.InOrganization.Value != nil && *a.InOrganization.Value {
		return contextkey.One(o.ID)
	}
	return contextkey.Value{}
}

func (e *evaluation) orgPaths(account string) contextkey.Value {
	a, ok := e.doc.Accounts[account]
	if o := e.doc.Organization.Value; ok && o != nil && a.Path.Value != nil && a.InOrganization.Value != nil && *a.InOrganization.Value {
		return contextkey.Many(strings.Join(slices.Concat([]string{o.ID}, *a.Path.Value), "/") + "/")
	}
	return contextkey.Value{}
}

func (e *evaluation) roleTag(name string) contextkey.Value {
	if e.role == nil {
		return contextkey.Value{}
	}
	return contextkey.Tag(e.role.Tags, name)
}

// bucketTag is a tag of a bucket as a condition key. Policies see the tags of a bucket only
// where its owner has enabled ABAC for it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
func bucketTag(b *fact.Bucket, name string) contextkey.Value {
	switch {
	case b == nil || b.ABAC.Value == nil:
		return contextkey.Value{}
	case *b.ABAC.Value == "Disabled", *b.ABAC.Value == "Enabled" && b.Tags.Absent:
		return contextkey.Absent()
	case *b.ABAC.Value != "Enabled" || b.Tags.Value == nil:
		return contextkey.Value{}
	}
	return contextkey.Tag(*b.Tags.Value, name)
}
