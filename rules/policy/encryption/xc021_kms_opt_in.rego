# METADATA
# title: Objects under KMS are taken along where KMS is the default
# description: |
#   A rule takes objects under SSE-KMS or DSSE-KMS only if it says so. Where KMS is the
#   default encryption of the source, nothing that is written with the default
#   replicates, and nothing tells: such objects are not eligible, so they have no
#   replication status.
# custom:
#   id: XC021
#   severity: critical
#   scope: link
#   needs: [bucket.encryption]
#   decides: true
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

answers contains crosscheck.pass(link, "the rule takes objects under KMS") if {
	some link in input.links
	startswith(input.bucket.encryption.value.algorithm, "aws:kms")
	link.rule.sse_kms_objects == "Enabled"
}

answers contains crosscheck.fail(link, sprintf("%s encrypts with KMS by default and the rule leaves objects under KMS out: nothing replicates, silently", [input.bucket.name]), {
	"evidence": {"algorithm": input.bucket.encryption.value.algorithm},
	"remediation": "set SourceSelectionCriteria.SseKmsEncryptedObjects to Enabled and name a key in EncryptionConfiguration.ReplicaKmsKeyID",
}) if {
	some link in input.links
	startswith(input.bucket.encryption.value.algorithm, "aws:kms")
	object.get(link.rule, "sse_kms_objects", "") != "Enabled"
}
