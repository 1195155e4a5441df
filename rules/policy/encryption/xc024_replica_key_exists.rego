# METADATA
# title: The key for replicas exists in the Region of the destination
# description: |
#   S3 stores a rule whose key does not exist. The key must be in the Region of the
#   destination; a related multi-Region key must be named by its own ARN. An alias or an id
#   without account is looked up in the account of the source, not in that of the destination.
# custom:
#   id: XC024
#   severity: critical
#   scope: link
#   when: [kms, replica_key, destination]
#   uses: [destination_key, destination.owner]
#   decides: true
#   class: sse-kms
#   failure_codes: [DstKmsKeyNotFound]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12]
#   remediation: name a key in ReplicaKmsKeyID that exists in the Region of the destination
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_EncryptionConfiguration.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.encryption.replica_key_exists

# A related key is made by replication, not named.
mend(link) := sprintf("replicate the multi-Region key %s to %s", [link.source_key, input.buckets[link.destination].value.region]) if {
	link.rule.destination.related_key
} else := "name a key that exists in ReplicaKmsKeyID"

answers contains crosscheck.pass(link, "the key exists in the Region of the destination") if {
	some link in input.links
	input.keys[link.replica_key].value.region == input.buckets[link.destination].value.region
}

# Where S3 looks for a key that is named without its account.
place(link) := "" if {
	startswith(link.replica_key, "arn:")
} else := sprintf(" in account %s of the source, where S3 looks for it", [input.bucket.account_id])

answers contains crosscheck.fail(link, sprintf("the key %s for replicas does not exist%s", [link.replica_key, place(link)]), {
	"failure_codes": ["DstKmsKeyNotFound"],
	"evidence": {"key": link.replica_key},
	"remediation": mend(link),
}) if {
	some link in input.links
	input.keys[link.replica_key].absent
}

answers contains crosscheck.fail(link, sprintf("the key %s for replicas is in %s, but the destination is in %s", [link.replica_key, region, wanted]), {
	"failure_codes": ["DstKmsKeyNotFound"],
	"evidence": {"key": link.replica_key, "key_region": region, "destination_region": wanted},
	"remediation": sprintf("name a key of %s in ReplicaKmsKeyID", [wanted]),
}) if {
	some link in input.links
	region := input.keys[link.replica_key].value.region
	wanted := input.buckets[link.destination].value.region
	region != wanted
}
