package newlink

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/overlay"
	"crosscheck/scanner/fact"
)

// Make gives what the link needs, and what a person must look at before. Buckets and keys
// are taken to be as they are when they are made; that the link works with all of it is
// judged on them. A link that cannot be is an error.
func Make(ctx context.Context, wanted Link, judge fix.Judge) (finding.Repairs, error) {
	l, err := wanted.complete()
	if err != nil {
		return finding.Repairs{}, err
	}
	out := finding.Repairs{Changes: l.changes(), Decisions: l.decisions()}
	doc, err := l.with(out.Changes)
	if err != nil {
		return finding.Repairs{}, err
	}
	links, findings, err := judge(ctx, doc)
	if err != nil {
		return finding.Repairs{}, err
	}
	i := slices.IndexFunc(links, func(v finding.Link) bool { return v.ID == l.id() })
	if i < 0 {
		return finding.Repairs{}, fmt.Errorf("the link %s was not judged", l.id())
	}
	done := finding.Fix{Link: l.id(), After: links[i].Verdict, Proven: links[i].Verdict == finding.Works, Changes: []int{}}
	for k := range out.Changes {
		out.Changes[k].Proven = done.Proven
		done.Changes = append(done.Changes, k)
	}
	out.Fixes = []finding.Fix{done}
	if !done.Proven {
		out.Decisions = append(out.Decisions, finding.Decision{Link: l.id(), Text: "with all of this the link is " + string(done.After) + ": " + links[i].Why, Findings: []string{}})
	}
	for _, f := range findings {
		if f.Status == finding.Fail && f.Severity.Rank() <= finding.Medium.Rank() {
			out.Decisions = append(out.Decisions, finding.Decision{Link: l.id(), Text: f.Message + ": " + f.Remediation, Findings: []string{f.Fingerprint}})
		}
	}
	return out, nil
}

// with is the document of the link with changes.
func (l *Link) with(changes []finding.Change) (*fact.Document, error) {
	o := overlay.Of(changes)
	doc, _, err := o.Apply(l.before())
	return doc, err
}

// before is the document of the source bucket before anything is done: buckets and keys as
// AWS makes them, and accounts without policies of an organization.
func (l *Link) before() *fact.Document {
	source, destination := bucket(l, l.Source), bucket(l, l.Destination)
	if l.ObjectLock {
		source.ObjectLock = fact.Of(fact.ObjectLock{Enabled: true})
	}
	if !l.Enforced {
		destination.Ownership = fact.Of("ObjectWriter")
	}
	doc := &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: l.partition(), Organization: fact.None[fact.Organization](),
		Roles: map[string]fact.Fact[fact.Role]{l.roleARN(): fact.None[fact.Role]()},
		Keys:  map[string]fact.Fact[fact.Key]{}, Accounts: map[string]fact.Account{},
	}
	for _, key := range append(slices.Clone(l.SourceKeys), l.ReplicaKey) {
		if key != "" {
			doc.Keys[key] = fact.Of(keyOf(l.partition(), key))
			doc.Accounts[accountOf(key)] = account(accountOf(key))
		}
	}
	if l.BucketKeys { // of which kind is not known to be another
		source.Encryption.Value.BucketKey = true
	}
	if len(l.SourceKeys) > 0 {
		source.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: l.SourceKeys[0], BucketKey: l.BucketKeys})
		destination.Encryption = fact.Of(fact.Encryption{Algorithm: "aws:kms", KeyID: l.ReplicaKey, BucketKey: l.BucketKeys})
	}
	doc.Bucket, doc.Buckets = source, map[string]fact.Fact[fact.Bucket]{destination.Name: fact.Of(destination)}
	for _, e := range []finding.End{l.Source, l.Destination} {
		doc.Accounts[e.AccountID] = account(e.AccountID)
	}
	return doc
}

// bucket is one as S3 makes it, in any Region where no policy has to name it.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-overview.html
func bucket(l *Link, e finding.End) fact.Bucket {
	return fact.Bucket{
		Name: e.Bucket, ARN: l.bucketARN(e), AccountID: e.AccountID, Region: cmp.Or(e.Region, fact.RegionIn(l.partition())),
		Replication: fact.None[fact.Replication](), Versioning: fact.Of(fact.Versioning{}), Policy: fact.None[fact.Policy](),
		Ownership:  fact.Of("BucketOwnerEnforced"),
		Encryption: fact.Of(fact.Encryption{Algorithm: "AES256", BlockedTypes: []string{"SSE-C"}}),
		ObjectLock: fact.None[fact.ObjectLock](), Lifecycle: fact.None[[]fact.LifecycleRule](),
		Notification: fact.Of(fact.Notification{}), RequestPayment: fact.Of("BucketOwner"),
		PublicAccessBlock: fact.Of(fact.PublicAccessBlock{BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}),
		Tags:              fact.None[map[string]string](), ABAC: fact.Of("Disabled"), Alarms: fact.Of([]fact.Alarm{}),
	}
}

// keyOf is a key as KMS makes it.
func keyOf(partition, arn string) fact.Key {
	owner := accountOf(arn)
	return fact.Key{
		ARN: arn, AccountID: owner, Region: regionOfKey(arn), State: "Enabled", Manager: "CUSTOMER", Spec: "SYMMETRIC_DEFAULT",
		Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", Policy: fact.Of(fact.Policy{Name: "default", Document: edit.New(ownAccount(partition, owner))}),
		RAMPolicy: fact.None[fact.Policy](), Grants: fact.None[[]fact.Grant](), Aliases: fact.Of([]string{}),
	}
}

// account is one without policies of an organization over it.
func account(id string) fact.Account {
	return fact.Account{
		ID: id, InOrganization: fact.Of(false), Path: fact.None[[]string](), SCPs: fact.None[[]fact.PolicyLevel](), RCPs: fact.None[[]fact.PolicyLevel](),
		PublicAccessBlock: fact.None[fact.PublicAccessBlock](),
	}
}
