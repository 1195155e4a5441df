# METADATA
# title: The role may read retentions and legal holds
# description: |
#   Where Object Lock is enabled on the source, S3 reads s3:GetObjectRetention and
#   s3:GetObjectLegalHold with every object. A Deny was recorded to fail the objects
#   that carry a retention or a hold, and nothing of them arrives.
# custom:
#   id: XC018
#   pack: protection
#   severity: high
#   scope: link
#   when: [object_lock, role]
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps, bucket.object_lock]
#   decides: true
#   failure_codes: [SrcGetRetentionNotPermitted, SrcGetLegalHoldNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetObjectRetention and s3:GetObjectLegalHold on the source objects in a policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
package crosscheck.rules.xc018

answers contains crosscheck.answer(link.id, check) if {
	some link in input.links
	some check in ["source/s3:GetObjectRetention", "source/s3:GetObjectLegalHold"]
}
