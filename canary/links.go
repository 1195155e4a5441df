package canary

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/canary/bucket"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// ReplicationReader reads a bucket's replication configuration.
type ReplicationReader interface {
	GetBucketReplication(
		context.Context, *s3.GetBucketReplicationInput, ...func(*s3.Options),
	) (*s3.GetBucketReplicationOutput, error)
}

// ErrNoLink says that a bucket has no such link.
var ErrNoLink = errors.New("no link matches")

// Links finds the links of one bucket without a scan, as S3-compatible servers
// allow: the role may be empty and a destination's ARN need not be AWS's; its
// last part is the bucket. With destination, only the links to it. The buckets of
// the targets have their names alone: the caller gives access to them.
func Links(ctx context.Context, r ReplicationReader, source *bucket.Bucket, destination string) ([]*Target, error) {
	ctx, cancel := context.WithTimeout(ctx, bucket.CallTimeout)
	defer cancel()
	out, err := r.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{
		Bucket: &source.Name, ExpectedBucketOwner: source.Owner(),
	})
	switch {
	case err != nil && client.Says(err, "ReplicationConfigurationNotFoundError"):
		return nil, fmt.Errorf("%w: the bucket %s has no replication configuration", ErrNoLink, source.Name)
	case err != nil:
		return nil, fmt.Errorf("the replication configuration of %s cannot be read: %s", source.Name, client.OneLine(err))
	case out.ReplicationConfiguration == nil:
		return nil, fmt.Errorf("%w: the bucket %s has an empty replication configuration", ErrNoLink, source.Name)
	}
	of, err := client.Replications(out)
	if err != nil {
		return nil, fmt.Errorf("the replication configuration of %s is not understood: %s", source.Name, client.OneLine(err))
	}
	all := make([]fact.ReplicationRule, len(of))
	for i, in := range out.ReplicationConfiguration.Rules {
		all[i] = ruleFact(in, &of[i])
	}
	var targets []*Target
	var others []string
	for _, r := range all {
		name := bucketOf(r.Destination.Bucket)
		switch {
		case r.Status != "Enabled" || name == "":
		case destination != "" && name != destination:
			others = append(others, name)
		default:
			t := &Target{
				Link: fact.LinkID(source.Name, r.ID, name), Rule: r, Rules: all, Source: *source,
				Destination: bucket.Bucket{Bucket: fact.Bucket{Name: name, AccountID: r.Destination.Account}},
			}
			t.knowOthers(func(string) *fact.Bucket { return nil })
			targets = append(targets, t)
		}
	}
	switch {
	case len(targets) > 0:
		return targets, nil
	case len(others) > 0:
		slices.Sort(others)
		return nil, fmt.Errorf("%w: %s replicates to %s, not to %s",
			ErrNoLink, source.Name, strings.Join(slices.Compact(others), ", "), destination)
	}
	return nil, fmt.Errorf("%w: the bucket %s has no enabled replication rule", ErrNoLink, source.Name)
}

// bucketOf is the bucket in an ARN, AWS's or another server's.
func bucketOf(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// ruleFact is a rule as it stands; what a scan would refuse as malformed is
// taken here, since the server may be another one than AWS.
func ruleFact(in types.ReplicationRule, of *client.Replicated) fact.ReplicationRule {
	r := fact.ReplicationRule{
		ID: aws.ToString(in.ID), Schema: "V1", Status: string(in.Status), Priority: aws.ToInt32(in.Priority),
		Prefix: of.Prefix, Exclude: of.Exclude,
	}
	if in.Filter != nil {
		r.Schema = "V2"
	}
	for _, t := range of.Tags {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if d := in.DeleteMarkerReplication; d != nil {
		r.DeleteMarkers = string(d.Status)
	}
	if c := in.SourceSelectionCriteria; c != nil && c.SseKmsEncryptedObjects != nil {
		r.SSEKMSObjects = string(c.SseKmsEncryptedObjects.Status)
	}
	if d := in.Destination; d != nil {
		r.Destination = fact.Destination{
			Bucket: aws.ToString(d.Bucket), Account: aws.ToString(d.Account), StorageClass: string(d.StorageClass),
			OwnerOverride: d.AccessControlTranslation != nil,
		}
		r.Destination.ReplicaKMSKeyID, r.Destination.RelatedKey = of.ReplicaKeyID, of.RelatedKey
	}
	return r
}

// TargetOf is the target of a link that a scan found. The caller still has to give
// access to its buckets.
func TargetOf(doc *fact.Document, l *fact.Link) *Target {
	t := &Target{Link: l.ID, Rule: l.Rule, Source: bucket.Bucket{Bucket: essential(doc.Bucket)}}
	if r := doc.Bucket.Replication.Value; r != nil {
		t.Rules = r.Rules
	}
	if b := doc.Buckets[l.Destination].Value; b != nil {
		t.Destination.Bucket = essential(*b)
	}
	t.Destination.Name = l.Destination
	t.knowOthers(func(name string) *fact.Bucket { return doc.Buckets[name].Value })
	if k := doc.Keys[l.ReplicaKey].Value; k != nil {
		t.ReplicaKey = k.ARN
	}
	return t
}

// essential keeps what a probe asks for: a target lives as long as its run.
func essential(b fact.Bucket) fact.Bucket {
	return fact.Bucket{
		Name: b.Name, ARN: b.ARN, AccountID: b.AccountID, Region: b.Region,
		Versioning: b.Versioning, Ownership: b.Ownership, Encryption: b.Encryption, ObjectLock: b.ObjectLock,
	}
}
