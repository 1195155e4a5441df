# METADATA
# title: Lifecycle expirations are configured on both sides
# description: |
#   What a lifecycle rule deletes at the source stays at the destination: S3 never
#   replicates its delete markers. A destination without an expiration of its own grows
#   without bound.
# custom:
#   id: XC036
#   severity: info
#   scope: link
#   when: [destination]
#   needs: [bucket.lifecycle, destination.lifecycle]
#   controls: [SecurityHub/S3.10, NIST-800-53r5/SI-12]
#   remediation: give the destination a lifecycle of its own
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-marker-replication.html
package crosscheck.rules.protection.expiration_not_replicated

expires(rules) if {
	some rule in rules
	rule.status == "Enabled"
	some field in ["expiration_days", "expiration_date", "noncurrent_days"]
	rule[field]
}

answers contains crosscheck.not_applicable(link, "the source expires nothing") if {
	some link in input.links
	rules := crosscheck.value(input.bucket.lifecycle, [])
	not expires(rules)
}

answers contains answer if {
	some link in input.links
	expires(input.bucket.lifecycle.value)
	rules := crosscheck.value(input.buckets[link.destination].value.lifecycle, [])
	faults := {fault |
		not expires(rules)
		fault := {
			"message": sprintf("%s expires objects and %s keeps their copies forever", [input.bucket.name, link.destination]),
			"remediation": sprintf("give %s a lifecycle of its own, or accept that it keeps everything", [link.destination]),
		}
	}
	some answer in crosscheck.result(link, faults, "the destination expires objects itself")
}
