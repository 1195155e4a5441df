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
#   remediation: remove s3:PutReplicationConfiguration from the source's bucket policy
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html
package crosscheck.rules.access.configuration_granted

answers contains crosscheck.pass(input.bucket, "the source has no bucket policy") if input.bucket.policy.absent

answers contains answer if {
	excess := iam.grants("bucket-policy", input.bucket.policy.value.document, ["s3:PutReplicationConfiguration"], input.bucket.account_id)
	faults := {fault |
		some grant in excess
		fault := {
			"key": concat(",", sort(grant.principals)),
			"message": sprintf("the policy of %s lets %s change or delete its replication configuration", [input.bucket.name, concat(", ", grant.principals)]),
			"evidence": {"grant": grant},
			"remediation": sprintf("remove s3:PutReplicationConfiguration from statement %s of the policy of %s", [grant.name, input.bucket.name]),
		}
	}
	some answer in crosscheck.result(input.bucket, faults, "the source's policy lets no other account change the replication")
}
