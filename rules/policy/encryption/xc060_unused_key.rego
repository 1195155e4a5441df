# METADATA
# title: The keys that are set for replicas are used
# description: |
#   S3 encrypts a replica as its source object is encrypted. So the key of the rule is used
#   only where objects are under KMS and the rule takes them, and the default encryption of
#   the destination never, since every new object is encrypted already: replicas of
#   objects under SSE-S3 are under SSE-S3.
# custom:
#   id: XC060
#   severity: low
#   scope: link
#   when: [destination]
#   needs: [bucket.encryption, destination.encryption when sse_s3]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-28]
#   remediation: encrypt the source with KMS by default, enable SseKmsEncryptedObjects in the rule and name a replica key
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.encryption.unused_key

remedy := "where replicas are to be under KMS, make KMS the default encryption of the source, set SourceSelectionCriteria.SseKmsEncryptedObjects to Enabled and name a key in EncryptionConfiguration.ReplicaKmsKeyID"

opts_in(link) if link.rule.sse_kms_objects == "Enabled"

# The fault of a replica key, by whether KMS is the default encryption of the source.
in_vain(link, _) := never(link) if not opts_in(link)

in_vain(link, false) := seldom(link) if opts_in(link)

# That of the destination's default.
elsewhere(_, true) := set()

elsewhere(link, false) := {other_default(link, encryption) | startswith(encryption.algorithm, "aws:kms")} if {
	encryption := crosscheck.value(input.buckets[link.destination].value.encryption, {"algorithm": ""})
}

answers contains answer if {
	some link in input.links
	by_default := startswith(object.get(crosscheck.value(input.bucket.encryption, {}), "algorithm", ""), "aws:kms")
	faults := {in_vain(link, by_default) | link.replica_key} | elsewhere(link, by_default)
	some answer in crosscheck.result(link, faults, "no key is set in vain")
}

never(link) := {
	"key": "replica",
	"message": sprintf("the key %s for replicas is never used: the rule does not replicate objects under KMS", [link.replica_key]),
	"evidence": {"key": link.replica_key},
	"remediation": "set SourceSelectionCriteria.SseKmsEncryptedObjects to Enabled, or remove the key from the rule",
}

seldom(link) := {
	"key": "replica",
	"severity": "info",
	"message": sprintf("the key %s for replicas is used only for objects that a writer puts under KMS: %s encrypts with SSE-S3 by default, and a replica is encrypted as its source object is", [link.replica_key, input.bucket.name]),
	"evidence": {"key": link.replica_key},
	"remediation": remedy,
}

other_default(link, encryption) := {
	"key": "default",
	"message": sprintf("replicas in %s are not encrypted with %s, its default: %s encrypts with SSE-S3 by default, and a replica is encrypted as its source object is", [link.destination, encryption.algorithm, input.bucket.name]),
	"evidence": {"destination_algorithm": encryption.algorithm, "destination_key": object.get(encryption, "key_id", "")},
	"remediation": remedy,
}
