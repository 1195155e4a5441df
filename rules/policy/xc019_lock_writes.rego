# METADATA
# title: Nobody denies the role to write retentions and legal holds
# description: |
#   Replicas were recorded to keep retention and legal hold without any grant at the
#   destination. What an explicit Deny of s3:PutObjectRetention or s3:PutObjectLegalHold
#   does was not recorded; AWS lists failure codes for it. Objects that carry lock
#   metadata would meet them.
# custom:
#   id: XC019
#   pack: protection
#   severity: medium
#   scope: link
#   when: [object_lock]
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination.policy, destination_account.rcps, destination.public_access_block when public_policy, destination_account.public_access_block, bucket.object_lock]
#   decides: true
#   failure_codes: [DstPutRetentionNotPermitted, DstPutLegalHoldNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-6(2)]
#   remediation: remove the Deny of s3:PutObjectRetention and s3:PutObjectLegalHold for the role
#   evidence: inferred
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
package crosscheck.rules.xc019

answers contains judged(crosscheck.answer(link.id, check)) if {
	some link in input.links
	some check in ["destination/s3:PutObjectRetention", "destination/s3:PutObjectLegalHold"]
}

judged(answer) := answer if answer.status != "fail"

judged(answer) := object.union(answer, {
	"status": "unknown",
	"contested": true,
	"message": sprintf("objects with a retention or a legal hold may fail: %s", [answer.message]),
}) if {
	answer.status == "fail"
}
