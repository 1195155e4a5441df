package demand

import (
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/logic"
	"crosscheck/scanner/fact"
)

// table has every permission that S3 needs to replicate, in the
// order in which reports show them.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html
var table = []*Requirement{
	{Layer: Trust, Action: "sts:AssumeRole", On: TheRole, Code: "AssumeRoleNotPermitted", Class: finding.Default, Required: true},

	{Layer: Source, Action: "s3:GetReplicationConfiguration", Does: "read the replication configuration of", On: TheBucket, Class: finding.Default, When: onSource, Required: true},
	{Layer: Source, Action: "s3:ListBucket", Does: "list", On: TheBucket, Class: finding.Default, When: onSource, Required: true},
	{Layer: Source, Action: "s3:GetObjectVersionForReplication", Does: "read the objects of", Mode: Either, Alternative: "s3:GetObjectVersion",
		On: TheObjects, Code: "SrcGetObjectNotPermitted", Class: finding.Default, ByEncryption: true, When: onSource, Required: true},
	{Layer: Source, Action: "s3:GetObjectVersionAcl", Does: "read the ACLs of the objects of", On: TheObjects, Code: "SrcGetAclNotPermitted", Class: finding.Default,
		When: onSource, Required: true},
	{Layer: Source, Action: "s3:GetObjectVersionTagging", Does: "read the tags of the objects of", Mode: MustAllowOrDenied, On: TheObjects,
		Code: "SrcGetTaggingNotPermitted", Class: finding.Tagged, When: onSource},
	{Layer: Source, Action: "s3:GetObjectRetention", Does: "read the retention of the objects of", On: TheObjects, Code: "SrcGetRetentionNotPermitted", Class: finding.Locked,
		When: and(onSource, locked), Required: true},
	{Layer: Source, Action: "s3:GetObjectLegalHold", Does: "read the legal holds of the objects of", On: TheObjects, Code: "SrcGetLegalHoldNotPermitted", Class: finding.Locked,
		When: and(onSource, locked), Required: true},
	{Layer: Source, Action: "s3:GetObjectVersionAnnotationForReplication", Does: "read the annotations of the objects of", On: TheObjects,
		Code: "SrcGetObjectAnnotationNotPermitted", Class: finding.Annotated, When: onSource},

	{Layer: Destination, Action: "s3:ReplicateObject", Does: "write replicas to", On: TheObjects, Code: "DstPutObjectNotPermitted", Class: finding.Default,
		ByEncryption: true, When: onDestination, Required: true},
	{Layer: Destination, Action: "s3:ReplicateTags", Does: "write the tags of replicas to", Mode: MayNotDeny, On: TheObjects, Code: "DstPutTaggingNotPermitted",
		Class: finding.Tagged, When: onDestination},
	{Layer: Destination, Action: "s3:ReplicateDelete", Does: "write delete markers to", On: TheObjects, Code: "DstDelObjNotPermitted", Class: finding.DeleteMarker,
		When: and(onDestination, deleteMarkers), Required: true},
	{Layer: Destination, Action: "s3:ObjectOwnerOverrideToBucketOwner", Does: "hand over the ownership of replicas in", On: TheObjects, Code: "DstPutObjectNotPermitted",
		Class: finding.Default, When: and(onDestination, ownerOverride, ownershipOpen), Required: true},
	{Layer: Destination, Action: "s3:PutObjectRetention", Does: "set the retention of replicas in", Mode: MayNotDeny, On: TheObjects,
		Code: "DstPutRetentionNotPermitted", Class: finding.Locked, When: and(onDestination, locked)},
	{Layer: Destination, Action: "s3:PutObjectLegalHold", Does: "set the legal holds of replicas in", Mode: MayNotDeny, On: TheObjects,
		Code: "DstPutLegalHoldNotPermitted", Class: finding.Locked, When: and(onDestination, locked)},
	{Layer: Destination, Action: "s3:ReplicateObjectAnnotation", Does: "write the annotations of replicas to", Mode: MayNotDeny, On: TheObjects,
		Code: "DstPutObjectAnnotationNotPermitted", Class: finding.Annotated, When: onDestination},

	{Layer: SourceKey, Action: "kms:Decrypt", Does: "decrypt the objects of", On: TheKey, Code: "SrcGetObjectNotPermitted", Class: finding.SSEKMS,
		ByEncryption: true, When: onSourceKey, Required: true},
	{Layer: DestinationKey, Action: "kms:Encrypt", Does: "encrypt replicas in", On: TheKey, Code: "DstPutObjectNotPermitted", Class: finding.SSEKMS,
		ByEncryption: true, When: onReplicaKey, Required: true},
	// AWS's pages name these two for bucket keys; what S3 calls was not recorded.
	{Layer: DestinationKey, Action: "kms:GenerateDataKey", Does: "make a data key for replicas in", On: TheKey, Code: "DstPutObjectNotPermitted", Class: finding.SSEKMS,
		When: and(onReplicaKey, bucketKeys)},
	{Layer: DestinationKey, Action: "kms:Decrypt", Does: "decrypt the data key of replicas in", On: TheKey, Code: "DstPutObjectNotPermitted", Class: finding.SSEKMS,
		When: and(onReplicaKey, bucketKeys)},
}

// What the requirements of a layer have in common.
var (
	onSource      = []*Condition{roleExists, takesObjects}
	onDestination = []*Condition{roleExists, takesObjects, destinationExists}
	onSourceKey   = []*Condition{roleExists, takesObjects, kmsObjects, sourceKeyExists}
	onReplicaKey  = []*Condition{roleExists, takesObjects, kmsObjects, destinationExists, replicaKeyNamed, replicaKeyExists}
)

func and(list []*Condition, more ...*Condition) []*Condition {
	return append(list[:len(list):len(list)], more...)
}

// Condition is what a link must be like to need a permission.
type Condition struct {
	Otherwise string // why a link does not need the permission; it names the condition too
	// Needed completes "… is needed if …", where it is not known whether it holds.
	Needed string
	Facts  []string // what decides it, as rules name facts

	holds func(*Features) logic.Truth
}

var (
	roleExists = &Condition{
		Otherwise: "the role does not exist",
		holds:     func(f *Features) logic.Truth { return logic.Of(!f.RoleAbsent) },
	}
	takesObjects = &Condition{
		Otherwise: "the filter of the rule excludes all objects that it could take",
		holds:     func(f *Features) logic.Truth { return logic.Of(!f.empty) },
	}
	destinationExists = &Condition{
		Otherwise: "the destination does not exist",
		holds:     func(f *Features) logic.Truth { return logic.Of(!f.destinationAbsent) },
	}
	locked = &Condition{
		Otherwise: "Object Lock is not enabled on the source",
		Needed:    "Object Lock is enabled on the source",
		Facts:     []string{"bucket.object_lock"},
		holds:     func(f *Features) logic.Truth { return f.ObjectLock },
	}
	deleteMarkers = &Condition{
		Otherwise: "the rule does not replicate delete markers",
		holds:     func(f *Features) logic.Truth { return logic.Of(f.DeleteMarkers) },
	}
	ownerOverride = &Condition{
		Otherwise: "the rule does not change the owner",
		holds:     func(f *Features) logic.Truth { return logic.Of(f.ownerOverride) },
	}
	ownershipOpen = &Condition{
		Otherwise: "the destination enforces bucket ownership",
		Needed:    "the destination does not enforce bucket ownership",
		Facts:     []string{"destination.ownership when owner_override"},
		holds:     func(f *Features) logic.Truth { return f.ownershipOpen },
	}
	kmsObjects = &Condition{
		Otherwise: "the rule does not take objects under KMS",
		holds:     func(f *Features) logic.Truth { return logic.Of(f.KMS) },
	}
	sourceKeyExists = &Condition{
		Otherwise: "the source key does not exist",
		holds:     func(f *Features) logic.Truth { return logic.Of(!f.sourceKeyAbsent) },
	}
	replicaKeyNamed = &Condition{
		Otherwise: "the rule names no key for replicas",
		holds:     func(f *Features) logic.Truth { return logic.Of(f.replicaKey) },
	}
	replicaKeyExists = &Condition{
		Otherwise: "the replica key does not exist",
		holds:     func(f *Features) logic.Truth { return logic.Of(!f.replicaKeyAbsent) },
	}
	bucketKeys = &Condition{
		Otherwise: "bucket keys are off on both sides",
		holds:     func(f *Features) logic.Truth { return f.bucketKeys },
	}
)

// Features are what of a link decides which permissions it needs.
type Features struct {
	Rule *fact.ReplicationRule

	RoleAbsent, destinationAbsent, sourceKeyAbsent, replicaKeyAbsent bool // AWS says that it does not exist

	empty         bool // the filter of the rule excludes all objects that it could take
	DeleteMarkers bool
	ownerOverride bool
	KMS           bool // the rule takes objects under KMS
	replicaKey    bool // the rule names a key for replicas
	Tagged        bool // the rule takes only tagged objects
	Modifications bool // changes to replicas in the source are replicated

	ownershipOpen logic.Truth   // the destination does not enforce bucket ownership
	ObjectLock    logic.Truth   // is enabled on the source
	bucketKeys    logic.Truth   // are on at one of the ends
	Retention     logic.Truth   // the source gives every object a retention or an event hold
	Written       finding.Class // the encryption of new source objects by default, "" where it is not known
	DefaultKMS    string        // the KMS algorithm of new source objects, "" where the default is another or not known
}

func FeaturesOf(doc *fact.Document, link *fact.Link) Features {
	r, source, destination := &link.Rule, &doc.Bucket, doc.Buckets[link.Destination]
	f := Features{
		Rule:       r,
		RoleAbsent: doc.Roles[link.RoleARN].Absent, destinationAbsent: destination.Absent,
		sourceKeyAbsent: doc.Keys[link.SourceKey].Absent, replicaKeyAbsent: doc.Keys[link.ReplicaKey].Absent,
		empty:         r.Empty(),
		DeleteMarkers: r.Schema != "V2" || r.DeleteMarkers == "Enabled", // V1 rules always do
		ownerOverride: r.Destination.OwnerOverride,
		KMS:           r.SSEKMSObjects == "Enabled",
		replicaKey:    link.ReplicaKey != "" || r.Destination.RelatedKey,
		Tagged:        len(r.Tags) > 0,
		Modifications: r.ReplicaModifications == "Enabled",
		bucketKeys:    logic.False,
	}
	if b := destination.Value; b != nil && b.Ownership.Known() {
		f.ownershipOpen = logic.Of(b.Ownership.Value == nil || *b.Ownership.Value != "BucketOwnerEnforced")
	}
	if lock := source.ObjectLock; lock.Known() {
		f.ObjectLock = logic.Of(lock.Value != nil && lock.Value.Enabled)
		f.Retention = logic.Of(lock.Value != nil && lock.Value.Enabled && (lock.Value.DefaultMode != "" || lock.Value.EventHold))
	}
	if e := source.Encryption.Value; e != nil && strings.HasPrefix(e.Algorithm, "aws:kms") {
		f.DefaultKMS = e.Algorithm
	}
	switch {
	case f.DefaultKMS == "aws:kms:dsse":
		f.Written = finding.DSSE
	case f.DefaultKMS != "":
		f.Written = finding.SSEKMS
	case source.Encryption.Known():
		f.Written = finding.SSES3
	}
	for _, b := range []*fact.Bucket{source, destination.Value} {
		switch {
		case b == nil || !b.Encryption.Known():
			if f.bucketKeys == logic.False {
				f.bucketKeys = logic.Unknown
			}
		case b.Encryption.Value != nil && b.Encryption.Value.BucketKey:
			f.bucketKeys = logic.True
		}
	}
	return f
}
