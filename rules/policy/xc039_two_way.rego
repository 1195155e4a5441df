# METADATA
# title: Two-way links agree on replica modifications
# description: |
#   Where two buckets replicate to each other, changes to tags, ACLs and locks of replicas
#   come back only if the rules of both directions enable replica modifications.
# custom:
#   id: XC039
#   severity: medium
#   scope: organization
#   controls: [NIST-800-53r5/CP-9]
#   remediation: set ReplicaModifications alike in both directions
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html
package crosscheck.rules.xc039

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"destinations": {link.destination | some link in input.links},
	"sync": {link.destination | some link in input.links; link.rule.replica_modifications == "Enabled"},
} if {
	count(input.links) > 0
}

all_records := crosscheck.records("XC039")

# Buckets that replicate back, with the setting of either direction.
back(r) := {s.bucket: [s.bucket in r.sync, r.bucket in s.sync] |
	some s in all_records
	s.bucket in r.destinations
	r.bucket in s.destinations
}

odd(r) := {other | some other, [a, b] in back(r); a != b}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"status": "not_applicable",
	"message": "no bucket replicates back",
} if {
	some r in all_records
	count(back(r)) == 0
}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"status": "pass",
	"message": "both directions have the same setting",
} if {
	some r in all_records
	count(back(r)) > 0
	count(odd(r)) == 0
}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"key": other,
	"status": "fail",
	"message": sprintf("%s and %s replicate to each other, and only one of them takes changes of replicas along", [r.bucket, other]),
	"remediation": "set SourceSelectionCriteria.ReplicaModifications to Enabled in the rules of both directions, or in neither",
} if {
	some r in all_records
	some other in odd(r)
}
