package sandbox

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// worldBucket is a bucket as a world file describes it. What is left out is as
// CreateBucket leaves it: never versioned, BucketOwnerEnforced, SSE-S3, all four
// public access blocks on. Replication, lifecycle and notification are written
// in the shape that `aws s3api get-bucket-…` prints.
type worldBucket struct {
	Name       string `yaml:"name"`
	Region     string `yaml:"region"`
	Versioning string `yaml:"versioning"` // Enabled, Suspended; "" = never enabled
	MFADelete  string `yaml:"mfa_delete"` // Enabled, Disabled
	Policy     string `yaml:"policy"`     // JSON text
	Ownership  string `yaml:"ownership"`  // BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter

	Encryption        *worldEncryption           `yaml:"encryption"`
	ObjectLock        *worldObjectLock           `yaml:"object_lock"`
	Lifecycle         *lifecycleConfiguration    `yaml:"lifecycle"`
	Notification      *notificationConfiguration `yaml:"notification"`
	RequestPayment    string                     `yaml:"request_payment"` // BucketOwner, Requester
	PublicAccessBlock *worldPublicAccessBlock    `yaml:"public_access_block"`
	Tags              map[string]string          `yaml:"tags"`
	Replication       *replicationConfiguration  `yaml:"replication"`

	// Absent lists settings of a fresh bucket that were deleted from this one:
	// ownership, public_access_block.
	Absent []string `yaml:"absent"`

	Lag     *time.Duration           `yaml:"lag"`      // replication lag of this source bucket, e.g. 13m
	RuleLag map[string]time.Duration `yaml:"rule_lag"` // by rule ID; stands above lag
	Objects []worldObject            `yaml:"objects"`  // stored before replication was configured
}

// worldEncryption is a default encryption.
type worldEncryption struct {
	Algorithm string   `yaml:"algorithm"`  // AES256, aws:kms, aws:kms:dsse
	Key       string   `yaml:"key"`        // key ARN, id or alias; "" with aws:kms = aws/s3
	BucketKey bool     `yaml:"bucket_key"` // S3 Bucket Key
	Blocked   []string `yaml:"blocked"`    // blocked encryption types: SSE-C or NONE
}

// worldObjectLock is an enabled Object Lock; without mode it has no default retention.
type worldObjectLock struct {
	Mode  string `yaml:"mode"` // GOVERNANCE, COMPLIANCE
	Days  int32  `yaml:"days"`
	Years int32  `yaml:"years"`
}

type worldPublicAccessBlock struct {
	BlockPublicAcls       bool `yaml:"block_public_acls"`
	IgnorePublicAcls      bool `yaml:"ignore_public_acls"`
	BlockPublicPolicy     bool `yaml:"block_public_policy"`
	RestrictPublicBuckets bool `yaml:"restrict_public_buckets"`
}

// worldObject is an object that is there from the beginning.
type worldObject struct {
	Key          string            `yaml:"key"`
	Body         string            `yaml:"body"`
	StorageClass string            `yaml:"storage_class"`
	ContentType  string            `yaml:"content_type"`
	Metadata     map[string]string `yaml:"metadata"`
	Tags         map[string]string `yaml:"tags"`
}

// bucketName is the form of a general purpose bucket's name.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bucket reports what is wrong with the bucket at path at.
func (p *problems) bucket(at string, b *worldBucket) {
	add := func(field, format string, args ...any) { p.add(at+field, format, args...) }
	oneOf := func(field, value string, known ...string) { p.oneOf(at+field, value, known...) }
	p.match(at+".name", b.Name, bucketName, "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens")
	p.match(at+".region", b.Region, regionName, "a Region such as us-east-1")
	oneOf(".versioning", b.Versioning, "", enabled, suspended)
	oneOf(".mfa_delete", b.MFADelete, "", enabled, disabled)
	oneOf(".ownership", b.Ownership, "", bucketOwnerEnforced, bucketOwnerPreferred, objectWriter)
	oneOf(".request_payment", b.RequestPayment, "", "BucketOwner", "Requester")
	for i, name := range b.Absent {
		oneOf(fmt.Sprintf(".absent[%d]", i), name, "ownership", "public_access_block")
		if name == "ownership" && b.Ownership != "" || name == "public_access_block" && b.PublicAccessBlock != nil {
			add(".absent", "%s is given and absent", name)
		}
	}
	if e := b.Encryption; e != nil {
		oneOf(".encryption.algorithm", e.Algorithm, "AES256", "aws:kms", "aws:kms:dsse")
		for i, t := range e.Blocked {
			oneOf(fmt.Sprintf(".encryption.blocked[%d]", i), t, "SSE-C", "NONE")
		}
	}
	if l := b.ObjectLock; l != nil {
		oneOf(".object_lock.mode", l.Mode, "", "GOVERNANCE", "COMPLIANCE")
		if (l.Mode == "") != (l.Days == 0 && l.Years == 0) || l.Days != 0 && l.Years != 0 || l.Days < 0 || l.Years < 0 {
			add(".object_lock", "a default retention has a mode and either days or years")
		}
		if b.Versioning != enabled {
			add(".object_lock", "Object Lock needs versioning: Enabled")
		}
	}
	if c := b.Replication; c != nil {
		// A world may hold a state that PutBucketReplication refuses, such as a
		// destination whose versioning was suspended since, but not what no
		// configuration can be.
		if e := c.check(); e != nil {
			add(".replication", "%s: %s", e.code, e.message)
		}
	}
	for id := range b.RuleLag {
		if b.Replication == nil || !slices.ContainsFunc(b.Replication.Rules, func(r replicationRule) bool { return r.ID == id }) {
			add(".rule_lag."+id, "no replication rule %q in this bucket", id)
		}
	}
	if b.Lag != nil && *b.Lag < 0 {
		add(".lag", "a replication lag is not negative")
	}
	for i, o := range b.Objects {
		if o.Key == "" || len(o.Key) > 1024 {
			add(fmt.Sprintf(".objects[%d].key", i), "an object needs a key of 1 to 1024 bytes")
		}
		if o.StorageClass != "" && !slices.Contains(objectClasses, o.StorageClass) {
			add(fmt.Sprintf(".objects[%d].storage_class", i), "%q is not a storage class", o.StorageClass)
		}
	}
}

// addBucket puts a bucket of a checked world into the sandbox.
func (s *Sandbox) addBucket(account string, w *worldBucket) {
	b := newBucket(w.Name, account, w.Region)
	b.created = s.created
	b.versioning, b.mfaDelete, b.policy = w.Versioning, w.MFADelete, w.Policy
	if w.Ownership != "" {
		b.ownership = w.Ownership
	}
	if w.RequestPayment != "" {
		b.requestPayment = w.RequestPayment
	}
	if e := w.Encryption; e != nil {
		b.encryption = encryption{e.Algorithm, e.Key, e.BucketKey, e.Blocked}
	}
	if l := w.ObjectLock; l != nil {
		b.lock = &objectLock{l.Mode, l.Days, l.Years}
	}
	b.lifecycle = w.Lifecycle
	if w.Notification != nil {
		b.notification = *w.Notification
	}
	if p := w.PublicAccessBlock; p != nil {
		b.publicAccess = &publicAccessBlock{p.BlockPublicAcls, p.IgnorePublicAcls, p.BlockPublicPolicy, p.RestrictPublicBuckets}
	}
	for _, name := range w.Absent {
		switch name {
		case "ownership":
			b.ownership = ""
		case "public_access_block":
			b.publicAccess = nil
		}
	}
	b.tags = sortedTags(w.Tags)
	if w.Replication != nil {
		rules := slices.Clone(w.Replication.Rules)
		b.replication = &replicationConfiguration{w.Replication.Role, rules}
		s.nameRules(b.replication)
	}
	b.lag, b.ruleLag = w.Lag, maps.Clone(w.RuleLag)
	s.buckets[b.name] = b
	for _, o := range w.Objects {
		v := &version{
			key: o.Key, body: []byte(o.Body), storageClass: o.StorageClass, owner: account,
			header: map[string]string{"Content-Type": "binary/octet-stream"}, metadata: o.Metadata, tags: sortedTags(o.Tags),
			sse: objectEncryption{algorithm: "AES256"},
		}
		if b.encryption.algorithm != "AES256" {
			if k := s.s3key(b.encryption.key, account, b.region); k != nil {
				v.sse = objectEncryption{algorithm: b.encryption.algorithm, key: k.arn, bucketKey: b.encryption.bucketKey}
			}
		}
		if o.ContentType != "" {
			v.header["Content-Type"] = o.ContentType
		}
		v.seal(nil)
		s.store(b, v)
	}
}
