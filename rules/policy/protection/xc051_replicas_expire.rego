# METADATA
# title: The destination does not expire copies while the original lives
# description: |
#   The age of a replica counts from the creation of the original, so an old object can
#   expire at the destination as soon as it arrives. A copy that expires before its
#   original is not a backup.
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

import data.crosscheck.objects

expires(rule) if rule.expiration_days > 0

expires(rule) if rule.expiration_date

# A bound of the size of the objects that a rule expires, in bytes; 0 is none.
bound(x, name) := object.get(x, name, 0)

within(_, 0)

within(limit, other) if {
	limit > 0
	limit <= other
}

# The source expires the objects of a rule no later.
matched(rule, originals) if {
	some other in originals
	other.status == "Enabled"
	startswith(objects.prefix(rule), objects.prefix(other))
	count(object.get(other, "tags", {})) == 0
	bound(rule, "size_greater_than") >= bound(other, "size_greater_than")
	within(bound(rule, "size_less_than"), bound(other, "size_less_than"))
	other.expiration_days <= rule.expiration_days
}

answers contains answer if {
	some link in input.links
	originals := crosscheck.value(input.bucket.lifecycle, [])
	copies := crosscheck.value(input.buckets[link.destination].value.lifecycle, [])
	faults := {fault |
		some rule in copies
		rule.status == "Enabled"
		expires(rule)
		objects.meet(rule, link.rule)
		not matched(rule, originals)
		id := object.get(rule, "id", "")
		fault := {
			"key": id,
			"message": sprintf("the lifecycle rule %s of %s expires copies before %s expires the originals", [id, link.destination, input.bucket.name]),
			"evidence": {"lifecycle_rule": rule},
			"remediation": sprintf("remove the expiration from %s, or let it be longer than that of %s", [link.destination, input.bucket.name]),
		}
	}
	some answer in crosscheck.result(link, faults, "no copy expires before its original")
}
