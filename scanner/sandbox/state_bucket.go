package sandbox

import (
	"slices"
	"time"
)

// bucket is a general purpose bucket. A nil or empty setting is absent.
type bucket struct {
	name, account, region string
	created               time.Time

	versioning     string // Enabled, Suspended, "" = never enabled
	mfaDelete      string // Enabled, Disabled, ""
	policy         string // JSON text; "" = none
	ownership      string // "" = no ownership controls
	encryption     encryption
	lock           *objectLock
	requestPayment string // BucketOwner, Requester
	publicAccess   *publicAccessBlock
	replication    *replicationConfiguration
	stored         map[string]any // settings that nothing acts on, by subresource: pointers to their values

	lag     *time.Duration // of replication out of this bucket; nil: the world's
	ruleLag map[string]time.Duration

	keys     []string            // sorted; every key of objects
	objects  map[string]*history // by key
	uploads  map[string]*upload  // multipart uploads by id
	failures []ReplicationEvent
}

// encryption is the default encryption of a bucket.
type encryption struct {
	Algorithm string   `yaml:"algorithm"` // AES256, aws:kms, aws:kms:dsse
	Key       string   `yaml:"key"`       // as written: ARN, id or alias; "" with aws:kms = the AWS managed key aws/s3
	BucketKey bool     `yaml:"bucket_key"`
	Blocked   []string `yaml:"blocked"` // SSE-C or NONE; nil = element absent
}

// objectLock is an enabled Object Lock; mode "" = no default retention.
type objectLock struct {
	Mode  string `yaml:"mode"` // GOVERNANCE, COMPLIANCE
	Days  int32  `yaml:"days"`
	Years int32  `yaml:"years"`
}

// retainUntil is the end of a default retention that begins now.
func (l *objectLock) retainUntil(now time.Time) time.Time {
	return now.AddDate(int(l.Years), 0, int(l.Days))
}

const (
	enabled   = "Enabled"
	suspended = "Suspended"
	disabled  = "Disabled"

	bucketOwnerEnforced  = "BucketOwnerEnforced"
	bucketOwnerPreferred = "BucketOwnerPreferred"
	objectWriter         = "ObjectWriter"
)

// newBucket is a bucket as CreateBucket makes it today: BucketOwnerEnforced,
// SSE-S3 with SSE-C blocked (since April 2026), all four public access blocks on.
func newBucket(name, account, region string) *bucket {
	return &bucket{
		name: name, account: account, region: region, created: time.Now(),
		ownership:      bucketOwnerEnforced,
		encryption:     encryption{Algorithm: "AES256", Blocked: []string{"SSE-C"}},
		requestPayment: "BucketOwner",
		publicAccess:   &publicAccessBlock{BlockACLs: true, IgnoreACLs: true, BlockPolicy: true, Restrict: true},
		stored:         map[string]any{},
		objects:        map[string]*history{},
		uploads:        map[string]*upload{},
	}
}

// current is the newest version of a key, nil when there is none.
func (b *bucket) current(key string) *version {
	if h := b.objects[key]; h != nil {
		return h.versions[0]
	}
	return nil
}

// version finds a version by id.
func (b *bucket) version(key, id string) *version {
	if h := b.objects[key]; h != nil {
		for _, v := range h.versions {
			if v.id == id {
				return v
			}
		}
	}
	return nil
}

// insert puts a version where its order of creation belongs.
func (b *bucket) insert(v *version) {
	h := b.objects[v.key]
	if h == nil {
		h = &history{}
		b.objects[v.key] = h
		at, _ := slices.BinarySearch(b.keys, v.key)
		b.keys = slices.Insert(b.keys, at, v.key)
	}
	at := slices.IndexFunc(h.versions, func(o *version) bool { return o.seq < v.seq })
	if at < 0 {
		at = len(h.versions)
	}
	h.versions = slices.Insert(h.versions, at, v)
}

// remove takes a version away for good.
func (b *bucket) remove(v *version) {
	h := b.objects[v.key]
	h.versions = slices.DeleteFunc(h.versions, func(o *version) bool { return o == v })
	if len(h.versions) == 0 {
		delete(b.objects, v.key)
		at, _ := slices.BinarySearch(b.keys, v.key)
		b.keys = slices.Delete(b.keys, at, at+1)
	}
}

// store puts a new version (or delete marker) on top of its key, as the bucket's
// versioning demands.
func (s *State) store(b *bucket, v *version) {
	s.seq++
	v.seq, v.modified = s.seq, time.Now()
	v.id = versionID(v.seq)
	if b.versioning != enabled {
		v.id = "null"
		if old := b.version(v.key, "null"); old != nil {
			b.remove(old)
		}
	}
	b.insert(v)
}
