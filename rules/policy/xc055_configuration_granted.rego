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
package crosscheck.rules.xc055

account_of(principal) := principal if regex.match(`^[0-9]{12}$`, principal)

account_of(principal) := split(principal, ":")[4] if startswith(principal, "arn:")

foreign("*")

foreign(principal) if account_of(principal) != input.bucket.account_id

excess := [g |
	some g in iam.grants("bucket-policy", input.bucket.policy.value.document, ["s3:PutReplicationConfiguration"])
	some p in g.principals
	foreign(p)
]

answers contains {"status": "pass", "message": "the source has no bucket policy"} if input.bucket.policy.absent

answers contains {"status": "pass", "message": "the source's policy lets no other account change the replication"} if {
	input.bucket.policy.value
	count(excess) == 0
}

answers contains {
	"key": g.sid,
	"status": "fail",
	"message": sprintf("the policy of %s lets %s change or delete its replication configuration", [input.bucket.name, concat(", ", g.principals)]),
	"evidence": {"sid": g.sid, "statement": g.index, "principals": g.principals, "conditions": g.conditions},
	"remediation": sprintf("take s3:PutReplicationConfiguration out of statement %v of the policy of %s", [g.index, input.bucket.name]),
} if {
	some g in excess
}
