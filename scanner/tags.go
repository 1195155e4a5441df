package scanner

import (
	"context"
	"strings"

	"crosscheck/scanner/fact"
)

// seenTags reads whether policies see the tags of a bucket, and which tags it has, for the
// buckets of links over which a policy names one. No other bucket is asked.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
func (v *visit) seenTags(ctx context.Context, doc *fact.Document, owner *account) {
	for i := range doc.Links {
		link := &doc.Links[i]
		role := roleNamesTags(doc, link)
		if role || bucketNamesTags(doc, &doc.Bucket) {
			v.readTags(ctx, bucketRef{name: doc.Bucket.Name, owner: owner}, &doc.Bucket)
		}
		to := doc.Buckets[link.Destination].Value
		if to == nil || !role && !bucketNamesTags(doc, to) {
			continue
		}
		if owner, _ := v.index.find(link.Destination); owner != nil { // others are shared between documents
			v.readTags(ctx, bucketRef{name: link.Destination, owner: owner}, to)
		}
	}
}

func (v *visit) readTags(ctx context.Context, ref bucketRef, b *fact.Bucket) {
	v.read(ctx, ref, b, []string{"abac"})
	if s := b.ABAC.Value; s != nil && *s == "Enabled" {
		v.read(ctx, ref, b, []string{"tags"})
	}
}

// roleNamesTags reports whether a policy over the role of a link names a tag of a resource.
func roleNamesTags(doc *fact.Document, link *fact.Link) bool {
	role := doc.Roles[link.RoleARN].Value
	if role == nil {
		return false
	}
	return namesTags(role.Inline) || namesTags(role.Attached) || role.Boundary.Value != nil && namesTag(role.Boundary.Value.Document) ||
		levelsNameTags(doc.Accounts[role.AccountID].SCPs)
}

// bucketNamesTags reports whether the policy of a bucket or an RCP over it names a tag of a resource.
func bucketNamesTags(doc *fact.Document, b *fact.Bucket) bool {
	return b.Policy.Value != nil && namesTag(b.Policy.Value.Document) || levelsNameTags(doc.Accounts[b.AccountID].RCPs)
}

func levelsNameTags(levels fact.Fact[[]fact.PolicyLevel]) bool {
	if levels.Value == nil {
		return false
	}
	for _, l := range *levels.Value {
		if namesTags(fact.Fact[[]fact.Policy]{Value: &l.Policies}) {
			return true
		}
	}
	return false
}

func namesTags(policies fact.Fact[[]fact.Policy]) bool {
	if policies.Value == nil {
		return false
	}
	for _, p := range *policies.Value {
		if namesTag(p.Document) {
			return true
		}
	}
	return false
}

// namesTag reports whether the text of a policy names one of the condition keys
// aws:ResourceTag/… and s3:BucketTag/…, or may: JSON can write every letter as a number.
func namesTag(document string) bool {
	for rest := document; ; {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return strings.Contains(document, `\u`)
		}
		before := strings.TrimSuffix(rest[:i], `\`)
		for _, key := range []string{":resourcetag", ":buckettag"} {
			if n := len(before) - len(key); n >= 0 && strings.EqualFold(before[n:], key) {
				return true
			}
		}
		rest = rest[i+1:]
	}
}
