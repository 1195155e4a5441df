package state

import (
	"slices"
	"time"
)

// Bucket is a general purpose bucket. A nil or empty setting is absent.
type Bucket struct {
	Name, Account, Region string
	Created               time.Time

	Versioning     string // Enabled, Suspended, "" = never enabled
	MFADelete      string // Enabled, Disabled, ""
	Policy         string // JSON text; "" = none
	Ownership      string // "" = no ownership controls
	Encryption     Encryption
	Lock           *ObjectLock
	RequestPayment string // BucketOwner, Requester
	PublicAccess   *PublicAccessBlock
	Replication    *ReplicationConfiguration
	Tags           []Tag          // nil = none
	ABAC           string         // Enabled, Disabled: whether policies see the tags
	Stored         map[string]any // settings that nothing acts on, by subresource: pointers to their values

	Lag     *time.Duration // of replication out of this bucket; nil: the world's
	RuleLag map[string]time.Duration

	Keys     []string            // sorted; every key of objects
	Objects  map[string]*History // by key
	Uploads  map[string]*Upload  // multipart uploads by id
	Failures []ReplicationEvent
}

// Encryption is the default encryption of a bucket.
type Encryption struct {
	Algorithm string   `yaml:"algorithm"` // AES256, aws:kms, aws:kms:dsse
	Key       string   `yaml:"key"`       // as written: ARN, id or alias; "" with aws:kms = the AWS managed key aws/s3
	BucketKey bool     `yaml:"bucket_key"`
	Blocked   []string `yaml:"blocked"` // SSE-C or NONE; nil = element absent
}

// ObjectLock is an enabled Object Lock; mode "" = no default retention.
type ObjectLock struct {
	Mode  string `yaml:"mode"` // GOVERNANCE, COMPLIANCE
	Days  int32  `yaml:"days"`
	Years int32  `yaml:"years"`

	HoldDays  int32 `yaml:"hold_days"` // of the default event hold; 0 and 0 = there is none
	HoldYears int32 `yaml:"hold_years"`
}

// Holds reports whether new objects get an event hold.
func (l *ObjectLock) Holds() bool { return l.HoldDays > 0 || l.HoldYears > 0 }

// RetainUntil is the end of a default retention that begins now.
func (l *ObjectLock) RetainUntil(now time.Time) time.Time {
	return now.AddDate(int(l.Years), 0, int(l.Days))
}

// Values of settings.
const (
	Enabled   = "Enabled"
	Suspended = "Suspended"
	Disabled  = "Disabled"

	BucketOwnerEnforced  = "BucketOwnerEnforced"
	BucketOwnerPreferred = "BucketOwnerPreferred"
	ObjectWriter         = "ObjectWriter"
)

// NewBucket is a bucket as CreateBucket makes it today: BucketOwnerEnforced,
// SSE-S3 with SSE-C blocked (since April 2026), all four public access blocks on.
func NewBucket(name, account, region string) *Bucket {
	return &Bucket{
		Name: name, Account: account, Region: region, Created: time.Now(),
		Ownership:      BucketOwnerEnforced,
		Encryption:     Encryption{Algorithm: "AES256", Blocked: []string{"SSE-C"}},
		RequestPayment: "BucketOwner",
		ABAC:           Disabled,
		PublicAccess:   &PublicAccessBlock{BlockACLs: true, IgnoreACLs: true, BlockPolicy: true, Restrict: true},
		Objects:        map[string]*History{},
		Uploads:        map[string]*Upload{},
	}
}

// Current is the newest version of a key, nil when there is none.
func (b *Bucket) Current(key string) *Version {
	if h := b.Objects[key]; h != nil {
		return h.Versions[0]
	}
	return nil
}

// Version finds a version by id.
func (b *Bucket) Version(key, id string) *Version {
	if h := b.Objects[key]; h != nil {
		for _, v := range h.Versions {
			if v.ID == id {
				return v
			}
		}
	}
	return nil
}

// Insert puts a version where its order of creation belongs.
func (b *Bucket) Insert(v *Version) {
	h := b.Objects[v.Key]
	if h == nil {
		h = &History{}
		b.Objects[v.Key] = h
		at, _ := slices.BinarySearch(b.Keys, v.Key)
		b.Keys = slices.Insert(b.Keys, at, v.Key)
	}
	at := slices.IndexFunc(h.Versions, func(o *Version) bool { return o.Seq < v.Seq })
	if at < 0 {
		at = len(h.Versions)
	}
	h.Versions = slices.Insert(h.Versions, at, v)
}

// Remove takes a version away for good.
func (b *Bucket) Remove(v *Version) {
	h := b.Objects[v.Key]
	h.Versions = slices.DeleteFunc(h.Versions, func(o *Version) bool { return o == v })
	if len(h.Versions) == 0 {
		delete(b.Objects, v.Key)
		at, _ := slices.BinarySearch(b.Keys, v.Key)
		b.Keys = slices.Delete(b.Keys, at, at+1)
	}
}

// Store puts a new version (or delete marker) on top of its key, as the bucket's
// versioning demands.
func (s *State) Store(b *Bucket, v *Version) {
	s.Seq++
	v.Seq, v.Modified = s.Seq, time.Now()
	v.ID = VersionID(v.Seq)
	if b.Versioning != Enabled {
		v.ID = "null"
		if old := b.Version(v.Key, "null"); old != nil {
			b.Remove(old)
		}
	}
	b.Insert(v)
}
