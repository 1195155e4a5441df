# METADATA
# title: The default key of the source can be used
# description: |
#   S3 decrypts source objects with the key they were encrypted with. A default key that
#   is disabled or about to be deleted stops the replication of objects encrypted with it.
# custom:
#   id: XC022
#   severity: critical
#   scope: link
#   when: [kms, source_key]
#   uses: [source_key, bucket.encryption]
#   decides: true
#   class: sse-kms
#   failure_codes: [SrcKmsKeyInvalidState]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12]
#   remediation: enable the key or encrypt the source with another key
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
package crosscheck.rules.encryption.source_key_state

answers contains crosscheck.pass(link, "the key is enabled") if {
	some link in input.links
	input.keys[link.source_key].value.state == "Enabled"
}

answers contains crosscheck.fail(link, sprintf("the default key %s of the source is in state %s", [link.source_key, state]), {
	"failure_codes": ["SrcKmsKeyInvalidState"],
	"evidence": {"key": link.source_key, "state": state},
	"remediation": sprintf("enable the key %s, or encrypt the source with another key", [link.source_key]),
}) if {
	some link in input.links
	state := input.keys[link.source_key].value.state
	state != "Enabled"
}

answers contains crosscheck.fail(link, sprintf("the default key %s of the source does not exist", [link.source_key]), {
	"failure_codes": ["SrcKmsKeyInvalidState"],
	"evidence": {"key": link.source_key},
	"remediation": "encrypt the source with a key that exists",
}) if {
	some link in input.links
	input.keys[link.source_key].absent
}
