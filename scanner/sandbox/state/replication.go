package state

import (
	"slices"
	"strings"
	"time"
)

// The configurations of a bucket, as S3 stores and returns them. Each type has
// two forms: the XML of the REST API, and the shape the AWS CLI prints
// (`aws s3api get-bucket-…`), which worlds are written in. A pointer that is nil
// is an element that was not given: a rule without Filter is schema V1, one with
// an empty Filter is V2.

// ReplicationConfiguration is the body of PutBucketReplication.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html
type ReplicationConfiguration struct {
	Role  string            `xml:"Role" yaml:"Role"`
	Rules []ReplicationRule `xml:"Rule" yaml:"Rules"`
}

// ReplicationRule is one rule of a replication configuration.
type ReplicationRule struct {
	ID                        string                   `xml:"ID" yaml:"ID"`
	Priority                  *int32                   `xml:"Priority" yaml:"Priority"`
	Prefix                    *string                  `xml:"Prefix" yaml:"Prefix"` // V1 only
	Filter                    *ReplicationFilter       `xml:"Filter" yaml:"Filter"` // not nil: V2
	Status                    string                   `xml:"Status" yaml:"Status"`
	SourceSelectionCriteria   *SourceSelectionCriteria `xml:"SourceSelectionCriteria" yaml:"SourceSelectionCriteria"`
	ExistingObjectReplication *Status                  `xml:"ExistingObjectReplication" yaml:"ExistingObjectReplication"`
	Destination               *ReplicationDestination  `xml:"Destination" yaml:"Destination"`
	DeleteMarkerReplication   *Status                  `xml:"DeleteMarkerReplication" yaml:"DeleteMarkerReplication"`
}

// ReplicationFilter chooses objects; at most one member is given.
type ReplicationFilter struct {
	Prefix *string         `xml:"Prefix" yaml:"Prefix"`
	Tag    *Tag            `xml:"Tag" yaml:"Tag"`
	And    *ReplicationAnd `xml:"And" yaml:"And"`
	Not    *ReplicationNot `xml:"Not" yaml:"Not"`
}

// ReplicationAnd joins the conditions of a filter.
type ReplicationAnd struct {
	Prefix *string `xml:"Prefix" yaml:"Prefix"`
	Tags   []Tag   `xml:"Tag" yaml:"Tags"`

	Not *ReplicationNot `xml:"Not" yaml:"Not"`
}

// ReplicationNot excludes objects; exactly one member is given.
type ReplicationNot struct {
	Prefix *string        `xml:"Prefix" yaml:"Prefix"`
	Tag    *Tag           `xml:"Tag" yaml:"Tag"`
	Or     *ReplicationOr `xml:"Or" yaml:"Or"`
}

// ReplicationOr is what any of its members match.
type ReplicationOr struct {
	Prefixes []string `xml:"Prefix" yaml:"Prefixes"`
	Tags     []Tag    `xml:"Tag" yaml:"Tags"`
}

// SourceSelectionCriteria says which special objects are replicated.
type SourceSelectionCriteria struct {
	SseKmsEncryptedObjects *Status `xml:"SseKmsEncryptedObjects" yaml:"SseKmsEncryptedObjects"`
	ReplicaModifications   *Status `xml:"ReplicaModifications" yaml:"ReplicaModifications"`
}

// ReplicationDestination says where and how replicas are written.
type ReplicationDestination struct {
	Bucket                   string                    `xml:"Bucket" yaml:"Bucket"`
	Account                  *string                   `xml:"Account" yaml:"Account"`
	StorageClass             string                    `xml:"StorageClass,omitempty" yaml:"StorageClass"`
	AccessControlTranslation *AccessControlTranslation `xml:"AccessControlTranslation" yaml:"AccessControlTranslation"`
	EncryptionConfiguration  *ReplicaEncryption        `xml:"EncryptionConfiguration" yaml:"EncryptionConfiguration"`
	ReplicationTime          *ReplicationTime          `xml:"ReplicationTime" yaml:"ReplicationTime"`
	Metrics                  *ReplicationMetrics       `xml:"Metrics" yaml:"Metrics"`
}

// AccessControlTranslation gives replicas the owner of their bucket.
type AccessControlTranslation struct {
	Owner string `xml:"Owner" yaml:"Owner"`
}

// ReplicaEncryption is the key of replicas of KMS-encrypted objects.
type ReplicaEncryption struct {
	ReplicaKmsKeyID         string  `xml:"ReplicaKmsKeyID,omitempty" yaml:"ReplicaKmsKeyID"`
	UseSourceMultiRegionKey *Status `xml:"UseSourceMultiRegionKey" yaml:"UseSourceMultiRegionKey"`
}

// KeyOf is the key of the replica of an object under a key, in a Region: the one that the
// rule names, or the multi-Region key related to it.
func (e *ReplicaEncryption) KeyOf(object, region string) string {
	if !e.UseSourceMultiRegionKey.Enabled() {
		return e.ReplicaKmsKeyID
	}
	parts := strings.SplitN(object, ":", 6)
	parts[3] = region
	return strings.Join(parts, ":")
}

// ReplicationTime is Replication Time Control.
type ReplicationTime struct {
	Status string   `xml:"Status" yaml:"Status"`
	Time   *Minutes `xml:"Time" yaml:"Time"`
}

// ReplicationMetrics turns metrics and failure events on.
type ReplicationMetrics struct {
	Status         string   `xml:"Status" yaml:"Status"`
	EventThreshold *Minutes `xml:"EventThreshold" yaml:"EventThreshold"`
}

// Minutes is a duration in whole minutes.
type Minutes struct {
	Minutes int32 `xml:"Minutes" yaml:"Minutes"`
}

// Status is an element that holds only Enabled or Disabled.
type Status struct {
	Status string `xml:"Status" yaml:"Status"`
}

// V2 reports whether a rule is of schema V2. An empty Filter is a Filter.
func (r *ReplicationRule) V2() bool { return r.Filter != nil }

// Takes reports whether the filter of the rule takes an object with this key and these tags.
func (r *ReplicationRule) Takes(key string, tags []Tag) bool {
	if !strings.HasPrefix(key, r.FilterPrefix()) {
		return false
	}
	for _, want := range r.FilterTags() {
		if !slices.Contains(tags, want) {
			return false
		}
	}
	out := r.Excluded()
	return !slices.ContainsFunc(out.Prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) &&
		!slices.ContainsFunc(out.Tags, func(t Tag) bool { return slices.Contains(tags, t) })
}

// Excluded is what the filter excludes.
func (r *ReplicationRule) Excluded() (out ReplicationOr) {
	if r.Filter == nil {
		return out
	}
	not := r.Filter.Not
	if r.Filter.And != nil {
		not = r.Filter.And.Not
	}
	switch {
	case not == nil:
	case not.Or != nil:
		out = *not.Or
	case not.Prefix != nil:
		out.Prefixes = []string{*not.Prefix}
	case not.Tag != nil:
		out.Tags = []Tag{*not.Tag}
	}
	return out
}

// FilterPrefix is the prefix of the filter in any of its forms, "" for all keys.
func (r *ReplicationRule) FilterPrefix() string {
	p := r.Prefix
	if r.Filter != nil {
		p = r.Filter.Prefix
		if r.Filter.And != nil {
			p = r.Filter.And.Prefix
		}
	}
	if p == nil {
		return ""
	}
	return *p
}

// FilterTags is the tags of the filter; an object must have all of them.
func (r *ReplicationRule) FilterTags() []Tag {
	switch {
	case r.Filter == nil:
		return nil
	case r.Filter.And != nil:
		return r.Filter.And.Tags
	case r.Filter.Tag != nil:
		return []Tag{*r.Filter.Tag}
	}
	return nil
}

// destination is the name of the destination bucket.
func (r *ReplicationRule) DestinationName() string {
	return r.Destination.Bucket[strings.LastIndexByte(r.Destination.Bucket, ':')+1:]
}

// Enabled reports whether the element is there and says so.
func (s *Status) Enabled() bool { return s != nil && s.Status == Enabled }

// ReplicationTask is one operation that S3 owes a destination.
type ReplicationTask struct {
	Due       time.Time
	Bucket    string // source
	Version   *Version
	Target    *ReplicationTarget
	Operation string // OBJECT_PUT, …
	Requested time.Time
}

// ReplicationTarget is one destination of a version: the rule that chose it, and
// how far S3 got.
type ReplicationTarget struct {
	Rule   ReplicationRule // as it stood when the version was written
	Open   int             // tasks not yet settled
	Failed bool            // the last settled one failed
}

// SetLag sets the replication lag from now on: of one rule of a bucket, of a
// bucket (rule ""), or of every bucket that has none of its own (bucket ""). What
// is already under way keeps its time. It reports whether bucket and rule exist.
func (s *State) SetLag(bucket, rule string, lag time.Duration) bool {
	if bucket == "" {
		s.lag = lag
		return true
	}
	b := s.Bucket(bucket)
	switch {
	case b == nil:
		return false
	case rule == "":
		b.Lag = &lag
		return true
	case b.Replication == nil || !slices.ContainsFunc(b.Replication.Rules, func(r ReplicationRule) bool { return r.ID == rule }):
		return false
	}
	if b.RuleLag == nil {
		b.RuleLag = map[string]time.Duration{}
	}
	b.RuleLag[rule] = lag
	return true
}

// LagOf is the lag of a rule: its own, its bucket's, or the default.
func (s *State) LagOf(b *Bucket, rule string) time.Duration {
	if lag, ok := b.RuleLag[rule]; ok {
		return lag
	}
	if b.Lag != nil {
		return *b.Lag
	}
	return s.lag
}

// ReplicationEvent is S3's notification of a failed replication, as it is in
// the Records of s3:Replication:OperationFailedReplication.
type ReplicationEvent struct {
	EventVersion string    `json:"eventVersion"`
	EventSource  string    `json:"eventSource"`
	AWSRegion    string    `json:"awsRegion"`
	EventTime    time.Time `json:"eventTime"`
	EventName    string    `json:"eventName"`
	S3           struct {
		Bucket struct {
			Name string `json:"name"`
			ARN  string `json:"arn"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			Size      int    `json:"size"`
			ETag      string `json:"eTag"`
			VersionID string `json:"versionId"`
		} `json:"object"`
	} `json:"s3"`
	ReplicationEventData struct {
		ReplicationRuleID string    `json:"replicationRuleId"`
		DestinationBucket string    `json:"destinationBucket"` // ARN
		S3Operation       string    `json:"s3Operation"`
		RequestTime       time.Time `json:"requestTime"`
		FailureReason     string    `json:"failureReason"`
	} `json:"replicationEventData"`

	// Sent reports whether AWS would have sent the event: only for rules with
	// metrics, and never for tags that could not be read or written.
	Sent bool `json:"-"`
}

// FailuresOf are the failures of a source bucket, oldest first; "" for those of all
// buckets.
func (s *State) FailuresOf(bucket string) []ReplicationEvent {
	if bucket != "" {
		if b := s.Bucket(bucket); b != nil {
			return slices.Clone(b.Failures)
		}
		return nil
	}
	var all []ReplicationEvent
	for _, b := range s.buckets {
		all = append(all, b.Failures...)
	}
	slices.SortFunc(all, func(a, b ReplicationEvent) int {
		if n := a.EventTime.Compare(b.EventTime); n != 0 {
			return n
		}
		return strings.Compare(a.S3.Bucket.Name+"/"+a.S3.Object.Key+"/"+a.ReplicationEventData.ReplicationRuleID,
			b.S3.Bucket.Name+"/"+b.S3.Object.Key+"/"+b.ReplicationEventData.ReplicationRuleID)
	})
	return all
}
