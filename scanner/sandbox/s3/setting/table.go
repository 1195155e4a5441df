package setting

import (
	"fmt"
	"maps"
	"slices"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
)

// settings are all settings of a bucket that S3 has operations for.
var settings = []setting{
	{
		subresource: "versioning", operation: "BucketVersioning", action: "BucketVersioning",
		get: getVersioning, put: putVersioning,
		check: checkVersioning, load: loadVersioning,
	},
	{
		subresource: "ownershipControls", operation: "BucketOwnershipControls", action: "BucketOwnershipControls",
		get: getOwnership, put: putOwnership, remove: removeOwnership,
		check: checkOwnership, load: loadOwnership,
		absent: "ownership", given: func(w *World) bool { return w.Ownership != "" },
	},
	{
		subresource: "requestPayment", operation: "BucketRequestPayment", action: "BucketRequestPayment",
		get: getRequestPayment, put: putRequestPayment,
		check: checkRequestPayment, load: loadRequestPayment,
	},
	{
		subresource: "publicAccessBlock", operation: "PublicAccessBlock", action: "BucketPublicAccessBlock",
		get: getPublicAccess, put: putPublicAccess, remove: removePublicAccess,
		load:   loadPublicAccess,
		absent: "public_access_block", given: func(w *World) bool { return w.PublicAccessBlock != nil },
	},
	{
		subresource: "encryption", operation: "BucketEncryption", action: "EncryptionConfiguration",
		get: getEncryption, put: putEncryption, remove: removeEncryption,
		check: checkEncryption, load: loadEncryption,
	},
	{
		subresource: "object-lock", operation: "ObjectLockConfiguration", action: "BucketObjectLockConfiguration",
		get: getObjectLock, put: putObjectLock,
		check: checkObjectLock, load: loadObjectLock,
	},
	{
		subresource: "replication", operation: "BucketReplication", action: "ReplicationConfiguration",
		get: getReplication, put: putReplication, remove: removeReplication,
		check: checkReplication, load: loadReplication,
	},
	{
		subresource: "policy", operation: "BucketPolicy", action: "BucketPolicy", deleteAction: "DeleteBucketPolicy",
		admit: ownersOnly,
		get:   getPolicy, put: putPolicy, remove: removePolicy,
		load: loadPolicy,
	},
	{
		subresource: "policyStatus", operation: "BucketPolicyStatus", action: "BucketPolicyStatus",
		admit: ownersOnly,
		get:   getPolicyStatus,
	},
	{
		subresource: "lifecycle", operation: "BucketLifecycleConfiguration", action: "LifecycleConfiguration",
		deleteOperation: "DeleteBucketLifecycle",
		get:             getLifecycle, put: putLifecycle, remove: lifecycle.remove,
		load: func(_ *state.State, b *state.Bucket, w *World) { lifecycle.set(b, w.Lifecycle) },
	},
	{
		subresource: "notification", operation: "BucketNotificationConfiguration", action: "BucketNotification",
		get: getNotification, put: putNotification,
		load: func(_ *state.State, b *state.Bucket, w *World) { notification.set(b, w.Notification) },
	},
	{
		subresource: "tagging", operation: "BucketTagging", action: "BucketTagging",
		get: getBucketTagging, put: putBucketTagging, remove: removeTags,
		load: func(_ *state.State, b *state.Bucket, w *World) { b.Tags = state.SortedTags(w.Tags) },
	},
	{
		subresource: "abac", operation: "BucketAbac", action: "BucketAbac",
		get: getABAC, put: putABAC,
		check: checkABAC, load: loadABAC,
	},
	{subresource: "location", operation: "BucketLocation", action: "BucketLocation", get: getLocation},
	{subresource: "acl", operation: "BucketAcl", action: "BucketAcl", get: getBucketACL},
}

// Operations are the operations on all settings.
func Operations() request.Table {
	all := request.Table{}
	for _, s := range settings {
		maps.Copy(all, s.operations())
	}
	return all
}

// World are the settings of a bucket as a world file gives them. What is
// left out is as CreateBucket leaves it: never versioned, BucketOwnerEnforced,
// SSE-S3, all four public access blocks on. Replication, lifecycle and
// notification are written in the shape that `aws s3api get-bucket-…` prints.
type World struct {
	Versioning string `yaml:"versioning"` // Enabled, Suspended; "" = never enabled
	MFADelete  string `yaml:"mfa_delete"` // Enabled, Disabled
	Policy     string `yaml:"policy"`     // JSON text
	Ownership  string `yaml:"ownership"`  // BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter

	Encryption        *state.Encryption               `yaml:"encryption"`
	ObjectLock        *state.ObjectLock               `yaml:"object_lock"`
	Lifecycle         *lifecycleConfiguration         `yaml:"lifecycle"`
	Notification      *notificationConfiguration      `yaml:"notification"`
	RequestPayment    string                          `yaml:"request_payment"` // BucketOwner, Requester
	PublicAccessBlock *state.PublicAccessBlock        `yaml:"public_access_block"`
	Tags              map[string]string               `yaml:"tags"`
	ABAC              string                          `yaml:"abac"` // Enabled, Disabled (default): whether policies see the tags
	Replication       *state.ReplicationConfiguration `yaml:"replication"`

	// Absent lists settings of a fresh bucket that were deleted from this one:
	// ownership, public_access_block.
	Absent []string `yaml:"absent"`
}

// Check reports what is wrong with the settings of a world's bucket.
func Check(w *World, wrong report) {
	can := []string{}
	for _, s := range settings {
		if s.check != nil {
			s.check(w, wrong)
		}
		if s.absent == "" {
			continue
		}
		can = append(can, s.absent)
		if slices.Contains(w.Absent, s.absent) && s.given(w) {
			wrong(".absent", "%s is given and absent", s.absent)
		}
	}
	for i, name := range w.Absent {
		wrong.oneOf(fmt.Sprintf(".absent[%d]", i), name, can...)
	}
}

// Load takes the settings of a checked world into a new bucket.
func Load(s *state.State, b *state.Bucket, w *World) {
	for _, row := range settings {
		if row.load != nil {
			row.load(s, b, w)
		}
		if row.absent != "" && slices.Contains(w.Absent, row.absent) {
			row.remove(b)
		}
	}
}
