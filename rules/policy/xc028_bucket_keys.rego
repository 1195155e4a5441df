# METADATA
# title: The role may do what bucket keys need
# description: |
#   With bucket keys AWS's pages name kms:GenerateDataKey and kms:Decrypt on the key for
#   replicas beside kms:Encrypt; what S3 calls was not recorded. A role that lacks one of
#   them is unknown: put an object under the bucket key and watch it with a canary.
# custom:
#   id: XC028
#   pack: encryption
#   severity: high
#   scope: link
#   when: [kms]
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination_key, destination_key.policy, destination_key.grants, bucket.encryption, destination.encryption]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12]
#   remediation: allow kms:GenerateDataKey and kms:Decrypt on the key for replicas, in a policy of the role and in the key policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
package crosscheck.rules.xc028

answers contains judged(crosscheck.answer(link.id, check)) if {
	some link in input.links
	some check in ["destination_key/kms:GenerateDataKey", "destination_key/kms:Decrypt"]
}

judged(answer) := answer if answer.status != "fail"

judged(answer) := object.union(answer, {
	"status": "unknown",
	"contested": true,
	"message": sprintf("bucket keys are on, and AWS's pages disagree on whether this is needed then (try it with a canary): %s", [answer.message]),
}) if {
	answer.status == "fail"
}
