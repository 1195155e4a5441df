# METADATA
# title: The destination bucket exists
# description: |
#   A destination that was deleted after the rule was made stays in the
#   configuration; every object then fails.
# custom:
#   id: XC002
#   severity: critical
#   scope: link
#   needs: [destination]
#   decides: true
#   failure_codes: [DstBucketNotFound]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9]
#   remediation: create the destination bucket again, or name another one in the rule
#   evidence: documented
#   sources: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html"]
package crosscheck.rules.links.destination_exists

answers contains crosscheck.pass(link, "the destination bucket exists") if {
	some link in input.links
	input.buckets[link.destination].value
}

answers contains crosscheck.fail(link, sprintf("the destination bucket %s does not exist", [link.destination]), {
	"failure_codes": ["DstBucketNotFound"],
	"evidence": {"destination": link.destination},
}) if {
	some link in input.links
	input.buckets[link.destination].absent
}
