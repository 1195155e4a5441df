# METADATA
# title: No other account can change the replication of the source
# description: |
#   A grant of s3:PutReplicationConfiguration in the source's bucket policy lets another
#   account delete the configuration. Recorded: deleting needs no iam:PassRole, so the
#   role does not protect it.
# custom:
#   id: XC055
#   severity: high
#   scope: source
#   needs: [bucket.policy]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6, NIST-800-53r5/CM-2]
#   remediation: take s3:PutReplicationConfiguration out of the source's bucket policy
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html
package crosscheck.rules.access.configuration_granted

excess := iam.grants("bucket-policy", input.bucket.policy.value.document, ["s3:PutReplicationConfiguration"], input.bucket.account_id)

answers contains crosscheck.pass(input.bucket, "the source has no bucket policy") if input.bucket.policy.absent

answers contains crosscheck.pass(input.bucket, "the source's policy lets no other account change the replication") if count(excess) == 0

answers contains crosscheck.fail(input.bucket, sprintf("the policy of %s lets %s change or delete its replication configuration", [input.bucket.name, concat(", ", g.principals)]), {
	"key": concat(",", sort(g.principals)),
	"evidence": {"grant": g},
	"remediation": sprintf("take s3:PutReplicationConfiguration out of statement %s of the policy of %s", [g.name, input.bucket.name]),
}) if {
	some g in excess
}
