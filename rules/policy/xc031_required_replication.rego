# METADATA
# title: A bucket that must replicate does
# description: |
#   Buckets are required to replicate by the parameter required_replication, a list of
#   objects with a name pattern, tags, or both. A bucket that is itself the destination
#   of a link is never told to replicate. Where a bucket or an account could not be read,
#   a link may come from there, so what would fail is unknown; a suspended account
#   counts for nothing, since its resources are not available.
# custom:
#   id: XC031
#   pack: organization
#   severity: high
#   scope: organization
#   when: [parameter required_replication]
#   needs: [bucket.replication]
#   uses: [bucket.tags if required_replication.tags]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9, NIST-800-53r5/SI-13(5)]
#   remediation: add a replication rule to the bucket, or take it out of the requirement
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#     - https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
package crosscheck.rules.xc031

default links := 0

links := count(input.links)

requirement_met(r) if {
	glob.match(object.get(r, "name", "*"), null, input.bucket.name)
	every key, value in object.get(r, "tags", {}) {
		input.bucket.tags.value[key] == value
	}
}

# Tags that were not read may be the ones that are asked for.
requirement_open(r) if {
	glob.match(object.get(r, "name", "*"), null, input.bucket.name)
	count(object.get(r, "tags", {})) > 0
	not input.bucket.tags.value
	not input.bucket.tags.absent
}

required if {
	some r in data.crosscheck.config.required_replication
	requirement_met(r)
}

open if {
	some r in data.crosscheck.config.required_replication
	requirement_open(r)
}

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"state": "required",
	"links": links,
} if {
	required
}

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"state": "open",
	"links": links,
} if {
	not required
	open
}

records contains {"destination": link.destination} if some link in input.links

# A bucket that may replicate to any other.
records contains {"unread": input.bucket.arn} if {
	not input.bucket.replication.value
	not input.bucket.replication.absent
}

all_records := crosscheck.records("XC031")

replicas contains r.destination if some r in all_records

# Where links may come from that nobody has seen.
unread contains r.unread if some r in all_records

unread contains sprintf("account %s", [id]) if some id in crosscheck.unread()

result(r) := ["pass", "the bucket replicates"] if r.links > 0

result(r) := ["not_applicable", "the bucket is itself the destination of a link"] if {
	r.links == 0
	r.bucket in replicas
}

result(r) := ["fail", "the bucket must replicate and has no enabled replication rule"] if {
	r.links == 0
	not r.bucket in replicas
	r.state == "required"
	count(unread) == 0
}

result(r) := ["unknown", sprintf("the bucket has no enabled replication rule, and it may be the destination of a link: %s was not read", [min(unread)])] if {
	r.links == 0
	not r.bucket in replicas
	r.state == "required"
	count(unread) > 0
}

result(r) := ["unknown", "whether the bucket must replicate depends on its tags, which were not read"] if {
	r.links == 0
	not r.bucket in replicas
	r.state == "open"
}

answers contains {
	"account_id": r.account_id,
	"bucket": r.bucket,
	"status": status,
	"message": message,
} if {
	some r in all_records
	r.subject
	[status, message] := result(r)
}
