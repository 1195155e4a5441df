package answer

import "net/http"

// document is an answer of S3 that is a document.
func (t table) document(api, root string, parts ...part) *shape {
	s := &shape{kind: xmlDocument, root: newNode(root, 1, 1, append([]part{element}, parts...)), errors: s3Error}
	t[api] = s
	return s
}

// bodiless is an answer of S3 without a document: its headers say everything.
func (t table) bodiless(api string, status []int, headers ...part) *shape {
	n := newNode("", 1, 1, headers)
	s := &shape{kind: empty, status: status, headers: n.children, errors: s3Error}
	t[api] = s
	return s
}

// s3Error is an answer of S3 that is an error.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var s3Error = newNode("Error", 1, 1, []part{quiet, one("Code", nonEmpty), maybe("Message"), maybe("BucketName", same("Bucket"))})

// quiet marks a node in which much is not known, and nothing is noted.
var quiet = group(open, func(n *node) { n.quiet = true })

var (
	status    = values("Enabled", "Disabled")
	isEnabled = one("Status", status)
	tag       = group(one("Key", nonEmpty), one("Value"))
	owner     = group(open, maybe("ID"), maybe("DisplayName"))
	storage   = values("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
		"DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP", "AWS_BACKUP_WARM",
		"AWS_BACKUP_LOW_COST_WARM")
	deleted = []int{http.StatusNoContent}
)

// s3 adds the APIs of S3, and the one of S3 Control.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
func (t table) s3() {
	excluded := maybe("Not", single, anyOf("Prefix", "Tag", "Or"), maybe("Prefix"), maybe("Tag", tag),
		maybe("Or", anyOf("Prefix", "Tag"), many("Prefix"), many("Tag", tag)))
	t.document("s3:GetBucketReplication", "ReplicationConfiguration",
		one("Role", nonEmpty),
		some("Rule",
			one("ID", nonEmpty), maybe("Priority", integer), maybe("Prefix"),
			maybe("Filter", single,
				maybe("Prefix"), maybe("Tag", tag), excluded,
				maybe("And", element, maybe("Prefix"), many("Tag", tag), excluded)),
			isEnabled,
			maybe("SourceSelectionCriteria", anyOf("SseKmsEncryptedObjects", "ReplicaModifications"),
				maybe("SseKmsEncryptedObjects", isEnabled), maybe("ReplicaModifications", isEnabled)),
			maybe("ExistingObjectReplication", isEnabled),
			one("Destination",
				one("Bucket", anARN), maybe("Account", accountID), maybe("StorageClass", storage),
				maybe("AccessControlTranslation", one("Owner", values("Destination"))), needs("AccessControlTranslation", "Account"),
				maybe("EncryptionConfiguration", anyOf("ReplicaKmsKeyID", "UseSourceMultiRegionKey"),
					maybe("ReplicaKmsKeyID", keyName), maybe("UseSourceMultiRegionKey", isEnabled)),
				maybe("ReplicationTime", isEnabled, one("Time", one("Minutes", integer))),
				maybe("Metrics", isEnabled, maybe("EventThreshold", one("Minutes", integer))), needs("ReplicationTime", "Metrics")),
			maybe("DeleteMarkerReplication", isEnabled),
			// S3 takes no rule that breaks one of these.
			either("Filter", "Prefix"), needs("Filter", "Priority", "DeleteMarkerReplication"),
			without("Prefix", "Priority", "DeleteMarkerReplication"),
		)).limit = 4 << 20
	t.document("s3:GetBucketVersioning", "VersioningConfiguration",
		maybe("Status", values("Enabled", "Suspended")), maybe("MfaDelete", status))
	t["s3:GetBucketPolicy"] = &shape{kind: policyDocument, root: policyRoots[BucketPolicy], limit: 1 << 20, errors: s3Error}
	t.document("s3:GetBucketOwnershipControls", "OwnershipControls",
		one("Rule", one("ObjectOwnership", values("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"))))
	t.document("s3:GetBucketEncryption", "ServerSideEncryptionConfiguration",
		one("Rule",
			one("ApplyServerSideEncryptionByDefault",
				one("SSEAlgorithm", values("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup")), maybe("KMSMasterKeyID", keyName)),
			maybe("BucketKeyEnabled", boolean),
			maybe("BlockedEncryptionTypes", some("EncryptionType", values("NONE", "SSE-C")))))
	t.document("s3:GetObjectLockConfiguration", "ObjectLockConfiguration",
		one("ObjectLockEnabled", values("Enabled")),
		maybe("Rule", one("DefaultRetention",
			maybe("Mode", values("GOVERNANCE", "COMPLIANCE")), maybe("Days", integer), maybe("Years", integer),
			anyOf("Mode", "DefaultEventHold"), needsOne("Mode", "Days", "Years"), needs("Days", "Mode"), needs("Years", "Mode"),
			maybe("DefaultEventHold", maybe("Days", integer), maybe("Years", integer), either("Days", "Years")))))
	t.document("s3:GetPublicAccessBlock", "PublicAccessBlockConfiguration",
		one("BlockPublicAcls", boolean), one("IgnorePublicAcls", boolean), one("BlockPublicPolicy", boolean), one("RestrictPublicBuckets", boolean))
	t["s3control:GetPublicAccessBlock"] = &shape{kind: xmlDocument, root: t["s3:GetPublicAccessBlock"].root, errors: s3ControlError}
	t.document("s3:GetBucketAbac", "AbacStatus", isEnabled)
	t.document("s3:GetBucketRequestPayment", "RequestPaymentConfiguration", one("Payer", values("BucketOwner", "Requester")))
	for _, api := range []string{"s3:GetBucketTagging", "s3:GetObjectTagging"} {
		t.document(api, "Tagging", one("TagSet", element, many("Tag", tag)))
	}
	t.document("s3:GetBucketLifecycleConfiguration", "LifecycleConfiguration",
		some("Rule", // an action that is not known may delete objects
			one("ID", nonEmpty), maybe("Prefix"), isEnabled, either("Filter", "Prefix"),
			anyOf("Expiration", "NoncurrentVersionExpiration", "Transition", "NoncurrentVersionTransition", "AbortIncompleteMultipartUpload"),
			maybe("Filter", single,
				maybe("Prefix"), maybe("Tag", tag), maybe("ObjectSizeGreaterThan", integer), maybe("ObjectSizeLessThan", integer),
				maybe("And", element, maybe("Prefix"), many("Tag", tag),
					maybe("ObjectSizeGreaterThan", integer), maybe("ObjectSizeLessThan", integer))),
			maybe("Expiration", element, maybe("Date", date), maybe("Days", integer), maybe("ExpiredObjectDeleteMarker", boolean), anyOf("Date", "Days", "ExpiredObjectDeleteMarker")),
			maybe("NoncurrentVersionExpiration", one("NoncurrentDays", integer), maybe("NewerNoncurrentVersions", integer)),
			many("Transition", maybe("Date", date), maybe("Days", integer), one("StorageClass", nonEmpty), either("Date", "Days")),
			many("NoncurrentVersionTransition", one("NoncurrentDays", integer), maybe("NewerNoncurrentVersions", integer), one("StorageClass", nonEmpty)),
			maybe("AbortIncompleteMultipartUpload", one("DaysAfterInitiation", integer)),
		)).limit = 4 << 20
	events := group(open, maybe("Id"), some("Event", nonEmpty), maybe("Filter", quiet))
	t.document("s3:GetBucketNotificationConfiguration", "NotificationConfiguration", open,
		many("TopicConfiguration", events, one("Topic")), many("QueueConfiguration", events, one("Queue")),
		many("CloudFunctionConfiguration", events, one("CloudFunction")), maybe("EventBridgeConfiguration", element))

	t.document("s3:ListBuckets", "ListAllMyBucketsResult", open,
		maybe("Owner", owner),
		one("Buckets", element, upTo(10_000, "Bucket", open, one("Name", nonEmpty), maybe("CreationDate", date), maybe("BucketRegion"), maybe("BucketArn"), endsARN("Name", "BucketArn"))),
		maybe("ContinuationToken"), maybe("Prefix")).limit = 8 << 20
	version := group(open, one("Key", nonEmpty), one("VersionId", nonEmpty), one("IsLatest", boolean), one("LastModified", date), maybe("Owner", owner))
	t.document("s3:ListObjectVersions", "ListVersionsResult",
		one("Name", same("Bucket")), one("Prefix", samePrefix), one("KeyMarker"), maybe("VersionIdMarker"),
		maybe("NextKeyMarker", nonEmpty), maybe("NextVersionIdMarker"), maybe("MaxKeys", integer), maybe("EncodingType"), maybe("Delimiter"),
		one("IsTruncated", boolean),
		many("Version", version, maybe("ETag"), maybe("Size", integer), maybe("StorageClass"), many("ChecksumAlgorithm"), maybe("ChecksumType"),
			maybe("RestoreStatus", quiet)),
		many("DeleteMarker", version)).limit = 8 << 20
	t.document("s3:ListMultipartUploads", "ListMultipartUploadsResult",
		one("Bucket", same("Bucket")), maybe("Prefix", samePrefix), one("KeyMarker"), maybe("UploadIdMarker"), maybe("NextKeyMarker"), maybe("NextUploadIdMarker"),
		maybe("MaxUploads", integer), maybe("EncodingType"), maybe("Delimiter"), one("IsTruncated", boolean),
		many("Upload", open, one("Key", nonEmpty), one("UploadId", nonEmpty), maybe("VersionId"), maybe("Initiated", date), maybe("Initiator", owner), maybe("Owner", owner),
			maybe("StorageClass"), maybe("ChecksumAlgorithm"), maybe("ChecksumType"))).limit = 8 << 20
	t.document("s3:GetObjectLegalHold", "LegalHold", one("Status", values("ON", "OFF")))
	t.document("s3:CreateMultipartUpload", "InitiateMultipartUploadResult", open,
		one("Bucket", same("Bucket")), one("Key", same("Key")), one("UploadId", nonEmpty))
	t.document("s3:CompleteMultipartUpload", "CompleteMultipartUploadResult", quiet,
		maybe("Location"), one("Bucket", same("Bucket")), one("Key", same("Key")), one("ETag", nonEmpty))

	// Answers without a document. A HEAD that is refused has no document either.
	t.bodiless("s3:PutObject", nil, one("ETag", nonEmpty), maybe("x-amz-version-id", nonEmpty))
	t.bodiless("s3:UploadPart", nil, one("ETag", nonEmpty))
	t.bodiless("s3:PutObjectTagging", nil)
	t.bodiless("s3:PutObjectLegalHold", nil)
	t.bodiless("s3:DeleteObject", deleted, maybe("x-amz-version-id", nonEmpty), maybe("x-amz-delete-marker", values("true", "false")))
	t.bodiless("s3:AbortMultipartUpload", deleted)
	t.bodiless("s3:HeadObject", []int{http.StatusOK, http.StatusPartialContent}, // of one part
		one("ETag", nonEmpty), one("Last-Modified", nonEmpty)).errors = nil
	t.bodiless("s3:HeadBucket", nil).errors = nil
	t["s3:GetObject"] = &shape{kind: stream, errors: s3Error}
}
