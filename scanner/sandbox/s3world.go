package sandbox

import "time"

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

	Lag     time.Duration            `yaml:"lag"`      // replication lag of this source bucket, e.g. 13m
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
