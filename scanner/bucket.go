package scanner

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"crosscheck/scanner/alarm"
	"crosscheck/scanner/ask"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

// Facts of buckets that decide whether links work. Options.Needs adds to them, and
// Options.Wants takes facts of destinations away. Those on which others depend come first.
var (
	sourceFacts      = []string{"versioning", "policy", "encryption", "object_lock"}
	destinationFacts = []string{"versioning", "policy", "ownership", "encryption", "object_lock", "request_payment", "public_access_block"}
)

// bucketRead is how one fact of a bucket is read. Its call and its field are in the row
// of the same name in [fact.BucketFacts].
type bucketRead struct {
	absent string // the code with which S3 says that there is none, "" = there is always one
	read   reader
}

// reader reads a fact of a bucket into its field.
type reader func(ctx context.Context, v *visit, ref bucketRef, q ask.Question, field fact.Any)

// bucketReads are the reads of buckets, by the name of the fact.
var bucketReads = map[string]bucketRead{
	"replication": {
		absent: "ReplicationConfigurationNotFoundError",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (fact.Replication, error) {
			out, err := c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return fact.Replication{}, err
			}
			return replication(out)
		}),
	},
	"versioning": {
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (fact.Versioning, error) {
			out, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return fact.Versioning{}, err
			}
			v := fact.Versioning{Status: string(out.Status), MFADelete: string(out.MFADelete)}
			return v, cmp.Or(oneOf("Status", v.Status, "", "Enabled", "Suspended"), oneOf("MfaDelete", v.MFADelete, "", "Enabled", "Disabled"))
		}),
	},
	"policy": {
		absent: "NoSuchBucketPolicy",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (p fact.Policy, err error) {
			out, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return p, err
			}
			p.Name = "bucket-policy"
			p.Document, err = client.PolicyText(answer.BucketPolicy, aws.ToString(out.Policy))
			return p, err
		}),
	},
	"ownership": {
		absent: "OwnershipControlsNotFoundError",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (string, error) {
			out, err := c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket, ExpectedBucketOwner: owner})
			switch {
			case err != nil:
				return "", err
			case out.OwnershipControls == nil || len(out.OwnershipControls.Rules) != 1:
				return "", client.Malformed("the ownership controls do not have one rule")
			}
			o := string(out.OwnershipControls.Rules[0].ObjectOwnership)
			return o, oneOf("ObjectOwnership", o, "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
		}),
	},
	"encryption": {
		absent: "ServerSideEncryptionConfigurationNotFoundError",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (fact.Encryption, error) {
			out, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return fact.Encryption{}, err
			}
			return encryption(out.ServerSideEncryptionConfiguration)
		}),
	},
	"object_lock": {
		absent: "ObjectLockConfigurationNotFoundError",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (l fact.ObjectLock, err error) {
			out, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: bucket, ExpectedBucketOwner: owner})
			switch {
			case err != nil:
				return l, err
			case out.ObjectLockConfiguration == nil:
				return l, client.Malformed("the answer has no configuration")
			}
			l.Enabled = out.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled
			if r := out.ObjectLockConfiguration.Rule; r != nil && r.DefaultRetention != nil {
				l.EventHold = r.DefaultRetention.DefaultEventHold != nil
				l.DefaultMode, l.DefaultDays, l.DefaultYears = string(r.DefaultRetention.Mode), aws.ToInt32(r.DefaultRetention.Days), aws.ToInt32(r.DefaultRetention.Years)
			}
			return l, nil
		}),
	},
	"lifecycle": {
		absent: "NoSuchLifecycleConfiguration",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) ([]fact.LifecycleRule, error) {
			out, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return nil, err
			}
			return lifecycle(out.Rules)
		}),
	},
	"notification": {
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (n fact.Notification, err error) {
			out, err := c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return n, err
			}
			n.EventBridge = out.EventBridgeConfiguration != nil
			for _, t := range out.TopicConfigurations {
				n.Events = append(n.Events, texts(t.Events)...)
			}
			for _, t := range out.QueueConfigurations {
				n.Events = append(n.Events, texts(t.Events)...)
			}
			for _, t := range out.LambdaFunctionConfigurations {
				n.Events = append(n.Events, texts(t.Events)...)
			}
			slices.Sort(n.Events)
			n.Events = slices.Compact(n.Events)
			return n, nil
		}),
	},
	"request_payment": {
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (string, error) {
			out, err := c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return "", err
			}
			return string(out.Payer), oneOf("Payer", string(out.Payer), "BucketOwner", "Requester")
		}),
	},
	"public_access_block": {
		absent: "NoSuchPublicAccessBlockConfiguration",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (p fact.PublicAccessBlock, err error) {
			out, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket, ExpectedBucketOwner: owner})
			if err != nil {
				return p, err
			}
			b := cmp.Or(out.PublicAccessBlockConfiguration, &types.PublicAccessBlockConfiguration{})
			return publicAccessBlock(b.BlockPublicAcls, b.IgnorePublicAcls, b.BlockPublicPolicy, b.RestrictPublicBuckets)
		}),
	},
	"tags": {
		absent: "NoSuchTagSet",
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (map[string]string, error) {
			out, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket, ExpectedBucketOwner: owner})
			switch {
			case err != nil:
				return nil, err
			case out.TagSet == nil:
				return nil, client.Malformed("the answer has no set of tags")
			}
			return tags(out.TagSet), nil
		}),
	},
	"alarms": {read: readAlarms},
	"abac": {
		read: readBucket(func(ctx context.Context, c *s3.Client, bucket, owner *string) (string, error) {
			out, err := c.GetBucketAbac(ctx, &s3.GetBucketAbacInput{Bucket: bucket, ExpectedBucketOwner: owner})
			switch {
			case err != nil:
				return "", err
			case out.AbacStatus == nil:
				return "", client.Malformed("the answer has no status")
			}
			return string(out.AbacStatus.Status), oneOf("Status", string(out.AbacStatus.Status), "Enabled", "Disabled")
		}),
	},
}

// bucketAPI is the call that reads a fact of a bucket, by the name of the fact.
func bucketAPI(name string) string { return bucketRows[name].APIs[0] }

// bucketRows are the rows of [fact.BucketFacts] by name.
var bucketRows = func() map[string]fact.Row[fact.Bucket] {
	rows := map[string]fact.Row[fact.Bucket]{}
	for _, row := range fact.BucketFacts {
		rows[row.Name] = row
	}
	return rows
}()

// read reads facts of a bucket by name, those that were not read before. Every call
// names the account that should own the bucket, so that a bucket of the same name that
// another account has made since is not read in its place.
func (v *visit) read(ctx context.Context, ref bucketRef, b *fact.Bucket, names []string) {
	for _, name := range names {
		row, how := bucketRows[name], bucketReads[name]
		field := row.Of(b)
		if field.State() == (fact.State{}) {
			q := ask.Question{Resource: b.ARN, Fact: "bucket." + name, API: bucketAPI(name), Absent: how.absent}
			how.read(ctx, v, ref, q, field)
		}
	}
}

// readBucket makes the reader of a fact of type T.
func readBucket[T any](call func(ctx context.Context, c *s3.Client, bucket, owner *string) (T, error)) reader {
	return func(ctx context.Context, v *visit, ref bucketRef, q ask.Question, field fact.Any) {
		f := field.(*fact.Fact[T])
		if ref.owner == nil {
			*f = fact.Missing[T](ref.unread)
			return
		}
		q.Account = ref.owner.id
		read := v.cache.buckets.Get(q.Fact+" "+ref.name, func() fact.Any {
			return ask.Fact(&v.Notes, q, func() (value T, err error) {
				err = v.onBucket(ctx, ref, func(c *s3.Client) (err error) {
					value, err = call(ctx, c, &ref.name, &ref.owner.id)
					return err
				})
				return value, err
			})
		})
		*f = read.(fact.Fact[T])
	}
}

// oneOf refuses a value that AWS does not document: what it means is not known.
func oneOf(element, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return client.Malformed("%s is %q, which is not among the documented values", element, client.Clip(value))
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// tags are nil where there are none.
func tags(set []types.Tag) (m map[string]string) {
	for _, t := range set {
		put(&m, aws.ToString(t.Key), aws.ToString(t.Value))
	}
	return m
}

// replication makes a fact of a replication configuration. The presence of a
// Filter element, be it empty, is what makes a rule V2.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
func replication(out *s3.GetBucketReplicationOutput) (fact.Replication, error) {
	r := fact.Replication{Rules: []fact.ReplicationRule{}}
	c := out.ReplicationConfiguration
	if c == nil || aws.ToString(c.Role) == "" || len(c.Rules) == 0 {
		return r, client.Malformed("the replication configuration has no role or no rule")
	}
	r.Role = *c.Role
	of, err := client.Replications(out)
	if err != nil {
		return r, err
	}
	ids, priorities := map[string]bool{}, map[int32]bool{}
	for i, in := range c.Rules {
		if id := aws.ToString(in.ID); ids[id] || in.Priority != nil && priorities[*in.Priority] {
			return r, client.Malformed("two replication rules have the same ID or priority")
		}
		ids[aws.ToString(in.ID)] = true
		if in.Priority != nil {
			priorities[*in.Priority] = true
		}
		rule := fact.ReplicationRule{ID: aws.ToString(in.ID), Schema: "V1", Status: string(in.Status), Priority: aws.ToInt32(in.Priority),
			Prefix: of[i].Prefix, Tags: tags(of[i].Tags), Exclude: of[i].Exclude}
		if in.Filter != nil {
			rule.Schema = "V2"
		}
		if d := in.DeleteMarkerReplication; d != nil {
			rule.DeleteMarkers = string(d.Status)
		}
		if e := in.ExistingObjectReplication; e != nil {
			rule.ExistingObjects = string(e.Status)
		}
		if s := in.SourceSelectionCriteria; s != nil {
			if s.ReplicaModifications != nil {
				rule.ReplicaModifications = string(s.ReplicaModifications.Status)
			}
			if s.SseKmsEncryptedObjects != nil {
				rule.SSEKMSObjects = string(s.SseKmsEncryptedObjects.Status)
			}
		}
		d := in.Destination
		if d == nil {
			return r, client.Malformed("a replication rule has no destination")
		}
		if a, err := arn.Parse(aws.ToString(d.Bucket)); err != nil || a.Service != "s3" || a.Resource == "" || strings.ContainsAny(a.Resource, "/:") {
			return r, client.Malformed("the destination %q of a replication rule is not the ARN of a bucket", client.Clip(aws.ToString(d.Bucket)))
		}
		rule.Destination = fact.Destination{Bucket: *d.Bucket, Account: aws.ToString(d.Account), StorageClass: string(d.StorageClass)}
		if t := d.AccessControlTranslation; t != nil {
			if err := oneOf("Owner", string(t.Owner), "Destination"); err != nil {
				return r, err
			}
			rule.Destination.OwnerOverride = true
		}
		rule.Destination.ReplicaKMSKeyID, rule.Destination.RelatedKey = of[i].ReplicaKeyID, of[i].RelatedKey
		named := rule.Destination.ReplicaKMSKeyID != ""
		if named && rule.Destination.RelatedKey {
			return r, client.Malformed("a replication rule has both ReplicaKmsKeyID and UseSourceMultiRegionKey, and a replica is under one key")
		}
		if (rule.SSEKMSObjects != "") != (named || rule.Destination.RelatedKey) {
			return r, client.Malformed("a replication rule has one of SseKmsEncryptedObjects and a key for replicas, and S3 takes only both")
		}
		if rule.AsksForTags() && rule.DeleteMarkers == "Enabled" {
			return r, client.Malformed("a replication rule has a tag in its filter and replicates delete markers, and S3 takes no such rule")
		}
		if t := d.ReplicationTime; t != nil {
			rule.Destination.ReplicationTime = string(t.Status)
		}
		if m := d.Metrics; m != nil {
			rule.Destination.Metrics = string(m.Status)
		}
		if err := oneOf("Status", rule.Status, "Enabled", "Disabled"); err != nil {
			return r, err
		}
		for _, status := range []string{rule.DeleteMarkers, rule.ExistingObjects, rule.ReplicaModifications, rule.SSEKMSObjects, rule.Destination.ReplicationTime, rule.Destination.Metrics} {
			if err := oneOf("Status", status, "", "Enabled", "Disabled"); err != nil {
				return r, err
			}
		}
		r.Rules = append(r.Rules, rule)
	}
	return r, nil
}

// encryption makes a fact of a bucket's default encryption. A rule that only
// sets something other than the algorithm leaves S3's own default, SSE-S3.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
func encryption(c *types.ServerSideEncryptionConfiguration) (fact.Encryption, error) {
	e := fact.Encryption{Algorithm: "AES256"}
	if c == nil || len(c.Rules) == 0 {
		return e, client.Malformed("the encryption configuration has no rule")
	}
	for _, r := range c.Rules {
		if d := r.ApplyServerSideEncryptionByDefault; d != nil {
			e.Algorithm, e.KeyID = string(d.SSEAlgorithm), aws.ToString(d.KMSMasterKeyID)
		}
		e.BucketKey = e.BucketKey || aws.ToBool(r.BucketKeyEnabled)
		if r.BlockedEncryptionTypes != nil {
			e.BlockedTypes = append(e.BlockedTypes, texts(r.BlockedEncryptionTypes.EncryptionType)...)
		}
	}
	slices.Sort(e.BlockedTypes)
	return e, oneOf("SSEAlgorithm", e.Algorithm, "AES256", "aws:kms", "aws:kms:dsse", "aws:fsx")
}

// lifecycle makes facts of lifecycle rules.
func lifecycle(rules []types.LifecycleRule) ([]fact.LifecycleRule, error) {
	out := []fact.LifecycleRule{}
	if rules == nil {
		return nil, client.Malformed("the lifecycle configuration has no rule")
	}
	for _, in := range rules {
		r := fact.LifecycleRule{ID: aws.ToString(in.ID), Status: string(in.Status), Prefix: aws.ToString(in.Prefix)} //nolint:staticcheck // deprecated, and still in use
		if err := oneOf("Status", r.Status, "Enabled", "Disabled"); err != nil {
			return nil, err
		}
		if f := in.Filter; f != nil {
			and := f.And
			if and == nil {
				and = &types.LifecycleRuleAndOperator{Prefix: f.Prefix, ObjectSizeGreaterThan: f.ObjectSizeGreaterThan, ObjectSizeLessThan: f.ObjectSizeLessThan}
				if f.Tag != nil {
					and.Tags = []types.Tag{*f.Tag}
				}
			}
			r.Prefix = aws.ToString(and.Prefix)
			r.SizeGreaterThan, r.SizeLessThan = aws.ToInt64(and.ObjectSizeGreaterThan), aws.ToInt64(and.ObjectSizeLessThan)
			r.Tags = tags(and.Tags)
		}
		if e := in.Expiration; e != nil {
			r.ExpirationDays, r.ExpiredObjectDeleteMarker = aws.ToInt32(e.Days), aws.ToBool(e.ExpiredObjectDeleteMarker)
			if e.Date != nil {
				r.ExpirationDate = e.Date.UTC().Format(time.RFC3339)
			}
		}
		if e := in.NoncurrentVersionExpiration; e != nil {
			r.NoncurrentDays = aws.ToInt32(e.NoncurrentDays)
		}
		for _, t := range in.Transitions {
			if d := aws.ToInt32(t.Days); t.Days != nil && (r.TransitionDays == 0 || d < r.TransitionDays) {
				r.TransitionDays = d
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// readAlarms reads the alarms on failed replication out of a bucket: of all alarms of its
// account and Region, which are listed once.
func readAlarms(ctx context.Context, v *visit, ref bucketRef, q ask.Question, field fact.Any) {
	f := field.(*fact.Fact[[]fact.Alarm])
	if ref.owner == nil {
		*f = fact.Missing[[]fact.Alarm](ref.unread)
		return
	}
	_, region := v.index.find(ref.name)
	q.Account, q.Resource = ref.owner.id, ref.owner.id
	*f = alarm.For(ref.name, v.cache.alarms.Get(ref.owner.id+" "+region, func() fact.Fact[[]fact.Alarm] {
		return ask.Fact(&v.Notes, q, func() ([]fact.Alarm, error) { return alarm.List(ctx, v.session.cloudwatch(ref.owner, region)) })
	}))
}
