# METADATA
# title: The source bucket owns its objects
# description: |
#   Unless the source enforces bucket ownership, other accounts can own objects in it,
#   and S3 cannot read those without a grant from their owner.
# custom:
#   id: XC040
#   severity: low
#   scope: link
#   needs: [bucket.ownership]
#   failure_codes: [SrcGetAclNotPermitted]
#   controls: [SecurityHub/S3.12, NIST-800-53r5/AC-3]
#   remediation: set object ownership of the source to BucketOwnerEnforced
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
package crosscheck.rules.ownership.foreign_objects

answers contains answer if {
	some link in input.links
	ownership := crosscheck.value(input.bucket.ownership, "not set")
	faults := {fault |
		ownership != "BucketOwnerEnforced"
		fault := {
			"message": sprintf("object ownership of %s is %s: objects in it that other accounts own would fail", [input.bucket.name, ownership]),
			"failure_codes": ["SrcGetAclNotPermitted"],
			"evidence": {"ownership": ownership},
			"remediation": sprintf("set object ownership of %s to BucketOwnerEnforced", [input.bucket.name]),
		}
	}
	some answer in crosscheck.result(link, faults, "the source enforces bucket ownership")
}
