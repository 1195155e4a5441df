package sandbox

import (
	"slices"
	"strings"
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

// history is every version of one key, newest first.
type history struct{ versions []*version }

// version is one version of an object, or a delete marker.
type version struct {
	key, id  string // id "null": written while versioning was not enabled
	seq      uint64 // order of creation; a replica has that of its source
	marker   bool
	modified time.Time
	owner    string // account id
	etag     string // without quotes
	body     []byte
	parts    []objectPart // of a multipart upload
	checksum checksum

	storageClass string            // "" = STANDARD
	header       map[string]string // Content-Type, Cache-Control, …: canonical names
	metadata     map[string]string // lower-case names without x-amz-meta-
	tags         []tag
	acl          string // canned ACL that was asked for
	sse          objectEncryption
	retention    *retention
	legalHold    string // ON, OFF, "" = never set

	replica bool
	status  string // PENDING, COMPLETED, FAILED, REPLICA, "" = no rule matched
	targets []*replicationTarget
}

type objectPart struct {
	number   int
	size     int64
	checksum string
}

// objectEncryption is how a version is encrypted.
type objectEncryption struct {
	algorithm string // AES256, aws:kms, aws:kms:dsse; "" for SSE-C
	key       string // key ARN
	bucketKey bool
	keyMD5    string // SSE-C: base64 MD5 of the customer's key
}

type retention struct {
	mode  string // GOVERNANCE, COMPLIANCE
	until time.Time
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

// sortedTags is a tag set as S3 returns it: by key.
func sortedTags(m map[string]string) []tag {
	var tags []tag
	for k, v := range m {
		tags = append(tags, tag{k, v})
	}
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// addBucket adds a bucket whose name is not taken.
func (s *State) addBucket(b *bucket) {
	s.buckets[b.name] = b
	s.names = nil
}

// deleteBucket deletes a bucket with all that is in it.
func (s *State) deleteBucket(b *bucket) {
	delete(s.buckets, b.name)
	s.names = nil
}

// bucket finds a bucket by name, nil when there is none.
func (s *State) bucket(name string) *bucket { return s.buckets[name] }

// bucketsOf is the sorted names of an account's buckets. They are sorted again only
// after buckets came or went: a scan lists every account of a world that does not change.
func (s *State) bucketsOf(account string) []string {
	if s.names == nil {
		s.names = map[string][]string{}
		for name, b := range s.buckets {
			s.names[b.account] = append(s.names[b.account], name)
		}
		for _, names := range s.names {
			slices.Sort(names)
		}
	}
	return s.names[account]
}
