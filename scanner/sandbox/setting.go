package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// setting is one setting of a bucket: how requests and worlds name it, and what
// reads and changes it. An operation that is nil is not implemented.
type setting struct {
	subresource string // query parameter that asks for it
	operation   string // in the names of its operations: BucketTagging in GetBucketTagging
	action      string // in the names of the IAM actions: BucketTagging in s3:PutBucketTagging

	// Where S3 does not call them Delete and the operation, s3:Put and the action.
	deleteOperation, deleteAction string

	admit  func(*s3call) *apiError // judges a caller who has the permission; nil: admits every one
	get    func(*s3call) (*response, *apiError)
	put    func(*s3call) (*response, *apiError)
	remove func(*bucket)

	check  func(w *worldSettings, wrong report)        // finds what is wrong with a world's; nil: nothing can be
	load   func(s *State, b *bucket, w *worldSettings) // takes it from a world into a new bucket
	absent string                                      // name by which a world says that a bucket has none, "" = it cannot
	given  func(w *worldSettings) bool                 // where absent is not ""
}

// settings are all settings of a bucket that S3 has operations for.
var settings = []setting{
	{
		subresource: "versioning", operation: "BucketVersioning", action: "BucketVersioning",
		get: (*s3call).getVersioning, put: (*s3call).putVersioning,
		check: checkVersioning, load: loadVersioning,
	},
	{
		subresource: "ownershipControls", operation: "BucketOwnershipControls", action: "BucketOwnershipControls",
		get: (*s3call).getOwnership, put: (*s3call).putOwnership, remove: removeOwnership,
		check: checkOwnership, load: loadOwnership,
		absent: "ownership", given: func(w *worldSettings) bool { return w.Ownership != "" },
	},
	{
		subresource: "requestPayment", operation: "BucketRequestPayment", action: "BucketRequestPayment",
		get: (*s3call).getRequestPayment, put: (*s3call).putRequestPayment,
		check: checkRequestPayment, load: loadRequestPayment,
	},
	{
		subresource: "publicAccessBlock", operation: "PublicAccessBlock", action: "BucketPublicAccessBlock",
		get: (*s3call).getPublicAccess, put: (*s3call).putPublicAccess, remove: removePublicAccess,
		load:   loadPublicAccess,
		absent: "public_access_block", given: func(w *worldSettings) bool { return w.PublicAccessBlock != nil },
	},
	{
		subresource: "encryption", operation: "BucketEncryption", action: "EncryptionConfiguration",
		get: (*s3call).getEncryption, put: (*s3call).putEncryption, remove: removeEncryption,
		check: checkEncryption, load: loadEncryption,
	},
	{
		subresource: "object-lock", operation: "ObjectLockConfiguration", action: "BucketObjectLockConfiguration",
		get: (*s3call).getObjectLock, put: (*s3call).putObjectLock,
		check: checkObjectLock, load: loadObjectLock,
	},
	{
		subresource: "replication", operation: "BucketReplication", action: "ReplicationConfiguration",
		get: (*s3call).getReplication, put: (*s3call).putReplication, remove: removeReplication,
		check: checkReplication, load: loadReplication,
	},
	{
		subresource: "policy", operation: "BucketPolicy", action: "BucketPolicy", deleteAction: "DeleteBucketPolicy",
		admit: (*s3call).ownersOnly,
		get:   (*s3call).getPolicy, put: (*s3call).putPolicy, remove: removePolicy,
		load: loadPolicy,
	},
	{
		subresource: "policyStatus", operation: "BucketPolicyStatus", action: "BucketPolicyStatus",
		admit: (*s3call).ownersOnly,
		get:   (*s3call).getPolicyStatus,
	},
	{
		subresource: "lifecycle", operation: "BucketLifecycleConfiguration", action: "LifecycleConfiguration",
		deleteOperation: "DeleteBucketLifecycle",
		get:             (*s3call).getLifecycle, put: (*s3call).putLifecycle, remove: lifecycle.remove,
		load: func(_ *State, b *bucket, w *worldSettings) { lifecycle.set(b, w.Lifecycle) },
	},
	{
		subresource: "notification", operation: "BucketNotificationConfiguration", action: "BucketNotification",
		get: (*s3call).getNotification, put: (*s3call).putNotification,
		load: func(_ *State, b *bucket, w *worldSettings) { notification.set(b, w.Notification) },
	},
	{
		subresource: "tagging", operation: "BucketTagging", action: "BucketTagging",
		get: (*s3call).getBucketTagging, put: (*s3call).putBucketTagging, remove: bucketTags.remove,
		load: func(_ *State, b *bucket, w *worldSettings) { setBucketTags(b, sortedTags(w.Tags)) },
	},
	{subresource: "location", operation: "BucketLocation", action: "BucketLocation", get: (*s3call).getLocation},
	{subresource: "acl", operation: "BucketAcl", action: "BucketAcl", get: (*s3call).getBucketACL},
}

// worldSettings are the settings of a bucket as a world file gives them. What is
// left out is as CreateBucket leaves it: never versioned, BucketOwnerEnforced,
// SSE-S3, all four public access blocks on. Replication, lifecycle and
// notification are written in the shape that `aws s3api get-bucket-…` prints.
type worldSettings struct {
	Versioning string `yaml:"versioning"` // Enabled, Suspended; "" = never enabled
	MFADelete  string `yaml:"mfa_delete"` // Enabled, Disabled
	Policy     string `yaml:"policy"`     // JSON text
	Ownership  string `yaml:"ownership"`  // BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter

	Encryption        *encryption                `yaml:"encryption"`
	ObjectLock        *objectLock                `yaml:"object_lock"`
	Lifecycle         *lifecycleConfiguration    `yaml:"lifecycle"`
	Notification      *notificationConfiguration `yaml:"notification"`
	RequestPayment    string                     `yaml:"request_payment"` // BucketOwner, Requester
	PublicAccessBlock *publicAccessBlock         `yaml:"public_access_block"`
	Tags              map[string]string          `yaml:"tags"`
	Replication       *replicationConfiguration  `yaml:"replication"`

	// Absent lists settings of a fresh bucket that were deleted from this one:
	// ownership, public_access_block.
	Absent []string `yaml:"absent"`
}

// report takes what is wrong with a world: the field, as in .encryption.algorithm,
// and a message.
type report func(field, format string, args ...any)

// oneOf reports a value that is not among those AWS knows.
func (wrong report) oneOf(field, value string, known ...string) {
	if !slices.Contains(known, value) {
		wrong(field, "%q is not one of %s", value, strings.Join(known, ", "))
	}
}

// checkSettings reports what is wrong with the settings of a world's bucket.
func checkSettings(w *worldSettings, wrong report) {
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

// loadSettings takes the settings of a checked world into a new bucket.
func loadSettings(s *State, b *bucket, w *worldSettings) {
	for _, row := range settings {
		if row.load != nil {
			row.load(s, b, w)
		}
		if row.absent != "" && slices.Contains(w.Absent, row.absent) {
			row.remove(b)
		}
	}
}

// operations are the operations of S3 on a setting.
func (s setting) operations() map[s3route]*s3operation {
	all := map[s3route]*s3operation{}
	add := func(method, name, action string, run func(*s3call) (*response, *apiError)) {
		all[s3route{method, bucketLevel, s.subresource}] = &s3operation{name, "s3:" + action, func(c *s3call) (*response, *apiError) {
			if s.admit != nil {
				if e := s.admit(c); e != nil {
					return nil, e
				}
			}
			return run(c)
		}}
	}
	if s.get != nil {
		add(http.MethodGet, "Get"+s.operation, "Get"+s.action, s.get)
	}
	if s.put != nil {
		add(http.MethodPut, "Put"+s.operation, "Put"+s.action, s.put)
	}
	if s.remove != nil {
		name, action := cmp.Or(s.deleteOperation, "Delete"+s.operation), cmp.Or(s.deleteAction, "Put"+s.action)
		add(http.MethodDelete, name, action, func(c *s3call) (*response, *apiError) {
			s.remove(c.b)
			return done(http.StatusNoContent)
		})
	}
	return all
}

// stored is the name of a setting that the sandbox keeps and returns, and that
// changes nothing else. Its value is a *T.
type stored[T any] string

func (s stored[T]) of(b *bucket) *T {
	v, _ := b.stored[string(s)].(*T)
	return v
}

// set stores a value, nil for none.
func (s stored[T]) set(b *bucket, v *T) {
	if v == nil {
		s.remove(b)
		return
	}
	b.stored[string(s)] = v
}

func (s stored[T]) remove(b *bucket) { delete(b.stored, string(s)) }
