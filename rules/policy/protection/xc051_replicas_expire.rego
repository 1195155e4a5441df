# METADATA
# title: The destination does not expire copies while the original lives
# description: |
#   The age of a replica counts from the creation of the original, so an old object can
#   expire at the destination as soon as it arrives. A copy that expires before its
#   original is no backup of it.
# custom:
#   id: XC051
#   severity: medium
#   scope: link
#   when: [destination]
#   needs: [bucket.lifecycle, destination.lifecycle]
#   controls: [SecurityHub/S3.10, NIST-800-53r5/CP-9]
#   remediation: remove the expiration from the destination, or let it be longer than that of the source
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
package crosscheck.rules.protection.replicas_expire

destination(link) := input.buckets[link.destination].value

lifecycle(bucket) := bucket.lifecycle.value

lifecycle(bucket) := [] if bucket.lifecycle.absent

source := lifecycle(input.bucket)

prefix(x) := object.get(x, "prefix", "")

overlap(a, b) if startswith(prefix(a), prefix(b))

overlap(a, b) if startswith(prefix(b), prefix(a))

expires(r) if r.expiration_days > 0

expires(r) if r.expiration_date

# The source gives the same objects up no later.
matched(r) if {
	some s in source
	s.status == "Enabled"
	startswith(prefix(r), prefix(s))
	count(object.get(s, "tags", {})) == 0
	s.expiration_days <= r.expiration_days
}

early(link) := [r |
	some r in lifecycle(destination(link))
	r.status == "Enabled"
	expires(r)
	overlap(r, link.rule)
	not matched(r)
]

answers contains crosscheck.pass(link, "no copy expires before its original") if {
	some link in input.links
	source
	lifecycle(destination(link))
	count(early(link)) == 0
}

answers contains crosscheck.fail(link, sprintf("the lifecycle rule %s of %s expires copies before %s expires the originals", [object.get(r, "id", ""), link.destination, input.bucket.name]), {
	"key": object.get(r, "id", ""),
	"evidence": {"lifecycle_rule": r},
	"remediation": sprintf("remove the expiration from %s, or let it be longer than that of %s", [link.destination, input.bucket.name]),
}) if {
	some link in input.links
	some r in early(link)
}
