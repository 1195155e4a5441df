# METADATA
# title: The key for replicas can be used
# description: |
#   The key must be enabled, symmetric and made for encryption.
# custom:
#   id: XC025
#   severity: critical
#   scope: link
#   when: [kms, replica_key]
#   uses: [destination_key]
#   decides: true
#   class: sse-kms
#   failure_codes: [DstKmsKeyInvalidState]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12]
#   remediation: enable the key, or name a symmetric encryption key in ReplicaKmsKeyID
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_EncryptionConfiguration.html
package crosscheck.rules.encryption.replica_key_usable

import data.crosscheck.keys

symmetric := ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"]

answers contains crosscheck.not_applicable(link, "the key does not exist") if {
	some link in input.links
	input.keys[link.replica_key].absent
}

answers contains crosscheck.pass(link, "the key is enabled, symmetric and made for encryption") if {
	some link in input.links
	key := input.keys[link.replica_key].value
	key.state == "Enabled"
	[key.spec, key.usage] == symmetric
}

answers contains crosscheck.fail(link, sprintf("the key %s for replicas is in state %s", [link.replica_key, key.state]), {
	"key": "state",
	"failure_codes": ["DstKmsKeyInvalidState"],
	"evidence": {"key": link.replica_key, "state": key.state},
	"remediation": sprintf("enable the key %s, or name another one %s", [link.replica_key, keys.setting(link)]),
}) if {
	some link in input.links
	key := input.keys[link.replica_key].value
	key.state != "Enabled"
}

answers contains crosscheck.fail(link, sprintf("the key %s for replicas is %s for %s; S3 encrypts with symmetric keys only", [link.replica_key, key.spec, key.usage]), {
	"key": "kind",
	"evidence": {"key": link.replica_key, "spec": key.spec, "usage": key.usage},
	"remediation": sprintf("name a symmetric encryption key %s", [keys.setting(link)]),
}) if {
	some link in input.links
	key := input.keys[link.replica_key].value
	[key.spec, key.usage] != symmetric
}
