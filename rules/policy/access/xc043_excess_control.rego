# METADATA
# title: The source side cannot change the destination bucket
# description: |
#   AWS's own sample lets the replication role put the versioning of the destination,
#   which replication never needs. A principal with such a grant can suspend versioning,
#   remove protection or delete copies: the backup is then no better protected than the
#   original.
# custom:
#   id: XC043
#   severity: high
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6, NIST-800-53r5/CA-9(1)]
#   remediation: remove the actions from the destination's bucket policy; replication needs none of them
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.excess_control

import data.crosscheck.grants

actions := [
	"s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
	"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutEncryptionConfiguration",
	"s3:PutBucketObjectLockConfiguration", "s3:BypassGovernanceRetention", "s3:PutBucketOwnershipControls",
	"s3:PutBucketPublicAccessBlock", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion",
]

answers contains answer if {
	some link in input.links
	destination := input.buckets[link.destination].value
	excess := iam.grants("bucket-policy", destination.policy.value.document, actions, destination.account_id)
	faults := {grants.fault(link, grant) | some grant in excess}
	some answer in crosscheck.result(link, faults, "the destination's policy lets no other account change the bucket")
}
