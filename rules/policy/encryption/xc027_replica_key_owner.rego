# METADATA
# title: The destination account owns the key for replicas
# description: |
#   Replicas encrypted with a key of the source account can be read at the destination only
#   while that account allows it, so the owner may be unable to read its own copies. An alias
#   in ReplicaKmsKeyID is looked up in the account of the source.
# custom:
#   id: XC027
#   severity: high
#   scope: link
#   when: [kms, replica_key, destination]
#   uses: [destination_key, destination.owner]
#   unreadable: true
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12]
#   remediation: name the ARN of a customer managed key of the destination account in ReplicaKmsKeyID
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_EncryptionConfiguration.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
package crosscheck.rules.encryption.replica_key_owner

import data.crosscheck.keys

# How a key that is named without its account is found.
named(link) := "" if {
	startswith(link.replica_key, "arn:")
} else := ", which S3 looks for in the account of the source"

answers contains crosscheck.not_applicable(link, "the key does not exist") if {
	some link in input.links
	input.keys[link.replica_key].absent
}

answers contains answer if {
	some link in input.links
	key := input.keys[link.replica_key].value
	owner := input.buckets[link.destination].value.account_id
	faults := {fault |
		key.account_id != owner
		fault := {
			"message": sprintf("arrives, unreadable at the destination: replicas are encrypted with the key %s%s, which account %s can use only while account %s allows it", [link.replica_key, named(link), owner, key.account_id]),
			"evidence": {"key": link.replica_key, "key_account": key.account_id, "key_manager": key.manager},
			"remediation": sprintf("name the ARN of a customer managed key of account %s %s", [owner, keys.setting(link)]),
		}
	}
	some answer in crosscheck.result(link, faults, "the destination account owns the key")
}
