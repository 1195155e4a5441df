# METADATA
# title: No two source buckets replicate the same keys into one destination
# description: |
#   A replica has the key of its source object. Where the rules of two buckets lead to one
#   destination and select the same keys, an object of one becomes the current version
#   over that of the other, and a delete marker of one hides both. Prefixes that exclude each
#   other keep rules apart; tags do not, for objects of two buckets may have one key and
#   other tags. Of rules of one bucket the priority decides (XC032). Where other links may
#   be unseen that is unknown.
# custom:
#   id: XC061
#   severity: low
#   scope: organization
#   when: [replication]
#   needs: [bucket.replication]
#   controls: [NIST-800-53r5/CP-9, NIST-800-53r5/SI-12]
#   remediation: give each source a prefix or a destination of its own
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
package crosscheck.rules.organization.shared_destination

import data.crosscheck.objects

records contains {
	"subject": true,
	"account_id": input.bucket.account_id,
	"region": input.bucket.region,
	"bucket": input.bucket.name,
	"arn": input.bucket.arn,
	"destination": link.destination,
	"keys": {
		"prefix": object.get(link.rule, "prefix", ""),
		"exclude": {"prefixes": object.get(link.rule, ["exclude", "prefixes"], [])},
	},
} if {
	some link in input.links
	not objects.none(link.rule) # as XC069 finds
}

# A bucket that may replicate to any other.
records contains {"unread": input.bucket.arn} if {
	not input.bucket.replication.value
	not input.bucket.replication.absent
}

all_records := crosscheck.records("XC061")

links := [r | some r in all_records; r.subject]

unread contains r.unread if some r in all_records

unread contains sprintf("account %s", [id]) if some id in crosscheck.unread()

# The buckets with links of some keys to a destination.
sources[r.destination][r.keys.prefix][r.keys] contains r.bucket if some r in links

# A few of them are enough to name, and to find one that is another.
few(buckets) := array.slice(sort(buckets), 0, 4)

# The beginnings of a text: the prefixes whose keys include those of this one.
beginnings(text) := [substring(text, 0, n) | some n in numbers.range(0, count(text))]

# Two sets of keys of a destination that have some in common, the second with the prefix
# that is shorter or the same.
meeting contains [destination, narrow, wide] if {
	some destination, prefixes in sources
	some prefix, sets in prefixes
	some narrow, _ in sets
	some beginning in beginnings(prefix)
	some wide, _ in prefixes[beginning]
	objects.meet(narrow, wide)
}

# Buckets that replicate some of the keys into a destination.
met[destination][narrow] contains bucket if {
	some [destination, narrow, wide] in meeting
	some bucket in few(sources[destination][wide.prefix][wide])
}

met[destination][wide] contains bucket if {
	some [destination, narrow, wide] in meeting
	some bucket in few(sources[destination][narrow.prefix][narrow])
}

# By source bucket and destination: other sources that write the same keys.
rivals[r.bucket][r.destination] contains other if {
	some r in links
	some other in met[r.destination][r.keys]
	other != r.bucket
}

fault(r, destination, others) := crosscheck.fail(r, sprintf("%s replicates keys into %s that %s replicates there too: the later write hides the other", [r.bucket, destination, concat(", ", array.slice(sort(others), 0, 3))]), {
	"key": destination,
	"evidence": {"destination": destination, "sources": array.slice(sort(others), 0, 3)},
	"remediation": sprintf("give the rules to %s prefixes that exclude each other, or each source a destination of its own", [destination]),
})

subjects[r.bucket] := {"account_id": r.account_id, "bucket": r.bucket} if some r in links

answers contains fault(subjects[bucket], destination, others) if {
	some bucket, destinations in rivals
	some destination, others in destinations
}

answers contains crosscheck.unknown(subject, sprintf("another source may replicate the same keys: %s was not read", [min(unread)]), {}) if {
	some bucket, subject in subjects
	not rivals[bucket]
}

answers contains crosscheck.pass(subject, "no other source replicates the same keys to where it does") if {
	some bucket, subject in subjects
	not rivals[bucket]
	count(unread) == 0
}
