# METADATA
# title: The rule replicates objects encrypted with KMS where KMS is the default
# description: |
#   A rule replicates objects encrypted with SSE-KMS or DSSE-KMS only if it opts in. Where
#   KMS is the default encryption of the source, nothing that is written with the default
#   replicates, and nothing reports it: such objects are not eligible, so they have no
#   replication status.
# custom:
#   id: XC021
#   severity: critical
#   scope: link
#   needs: [bucket.encryption]
#   decides: true
#   class: sse-kms
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-28, NIST-800-53r5/CP-9]
#   remediation: enable SseKmsEncryptedObjects in the rule and name a replica key
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
package crosscheck.rules.encryption.kms_opt_in

answers contains crosscheck.not_applicable(link, "the source has no default encryption") if {
	some link in input.links
	input.bucket.encryption.absent
}

answers contains crosscheck.not_applicable(link, "the default encryption of the source is not KMS") if {
	some link in input.links
	input.bucket.encryption.value.algorithm == "AES256"
}

answers contains crosscheck.pass(link, "the rule replicates objects encrypted with KMS") if {
	some link in input.links
	startswith(input.bucket.encryption.value.algorithm, "aws:kms")
	link.rule.sse_kms_objects == "Enabled"
}

answers contains crosscheck.fail(link, sprintf("%s encrypts with KMS by default and the rule does not replicate objects encrypted with KMS: nothing replicates, and S3 reports no failure", [input.bucket.name]), {
	"evidence": {"algorithm": input.bucket.encryption.value.algorithm},
	"remediation": "set SourceSelectionCriteria.SseKmsEncryptedObjects to Enabled and name a key in EncryptionConfiguration.ReplicaKmsKeyID",
}) if {
	some link in input.links
	startswith(input.bucket.encryption.value.algorithm, "aws:kms")
	object.get(link.rule, "sse_kms_objects", "") != "Enabled"
}
