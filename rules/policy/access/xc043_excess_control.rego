# METADATA
# title: The source side cannot change the destination bucket
# description: |
#   AWS's own sample lets the replication role put the versioning of the destination,
#   which replication never needs. Whoever holds such a grant can suspend versioning,
#   remove protection or delete copies: the backup is then no better guarded than the
#   original.
# custom:
#   id: XC043
#   severity: high
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6, NIST-800-53r5/CA-9(1)]
#   remediation: take the actions out of the destination's bucket policy; replication needs none of them
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.excess_control

actions := [
	"s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutReplicationConfiguration",
	"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutEncryptionConfiguration",
	"s3:PutBucketObjectLockConfiguration", "s3:BypassGovernanceRetention", "s3:PutBucketOwnershipControls",
	"s3:PutBucketPublicAccessBlock", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion",
]

answers contains crosscheck.pass(link, "the destination's policy lets no other account change the bucket") if {
	some link in input.links
	d := input.buckets[link.destination].value
	count(iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)) == 0
}

answers contains crosscheck.fail(link, sprintf("the policy of %s lets %s do %s", [link.destination, concat(", ", g.principals), concat(", ", g.actions)]), {
	"key": concat(",", array.concat(g.actions, sort(g.principals))),
	"evidence": {"grant": g},
	"remediation": sprintf("take %s out of statement %s of the policy of %s", [concat(", ", g.actions), g.name, link.destination]),
}) if {
	some link in input.links
	d := input.buckets[link.destination].value
	some g in iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)
}
