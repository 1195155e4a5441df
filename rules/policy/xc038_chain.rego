# METADATA
# title: What arrives by replication is not expected to move on
# description: |
#   Replicas do not replicate again: with A to B and B to C, what is written to A never
#   reaches C.
# custom:
#   id: XC038
#   severity: low
#   scope: organization
#   controls: [NIST-800-53r5/CP-9]
#   remediation: replicate from the first bucket to the last directly
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
package crosscheck.rules.xc038

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"destinations": {link.destination | some link in input.links},
} if {
	count(input.links) > 0
}

all_records := crosscheck.records("XC038")

before(r) := {s.bucket | some s in all_records; r.bucket in s.destinations}

after(r) := r.destinations - before(r)

chained(r) if {
	count(before(r)) > 0
	count(after(r)) > 0
}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"status": "pass",
	"message": "the bucket is not in the middle of a chain",
} if {
	some r in all_records
	not chained(r)
}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"status": "fail",
	"message": sprintf("objects that arrive in %s from %s do not move on to %s", [r.bucket, concat(", ", before(r)), concat(", ", after(r))]),
	"evidence": {"from": before(r), "to": after(r)},
	"remediation": sprintf("replicate from %s to %s directly, if its objects must be there", [concat(", ", before(r)), concat(", ", after(r))]),
} if {
	some r in all_records
	chained(r)
}
