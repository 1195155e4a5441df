# METADATA
# title: The destination bucket keeps versions
# description: |
#   Versioning can be suspended at the destination while rules point at it.
#   Every object then fails, and what is there loses its history.
# custom:
#   id: XC004
#   severity: critical
#   scope: link
#   when: [destination]
#   needs: [destination.versioning]
#   decides: true
#   failure_codes: [DstBucketUnversioned]
#   controls: [SecurityHub/S3.14, NIST-800-53r5/CP-9]
#   remediation: enable versioning on the destination bucket
#   evidence: recorded
#   sources: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"]
package crosscheck.rules.links.destination_versioning

answers contains crosscheck.pass(link, "versioning of the destination is enabled") if {
	some link in input.links
	input.buckets[link.destination].value.versioning.value.status == "Enabled"
}

answers contains crosscheck.fail(link, sprintf("versioning of the destination bucket %s is %s", [link.destination, state]), {
	"failure_codes": ["DstBucketUnversioned"],
	"evidence": {"versioning": state},
	"remediation": sprintf("enable versioning on %s", [link.destination]),
}) if {
	some link in input.links
	status := object.get(input.buckets[link.destination].value.versioning.value, "status", "")
	state := {"": "not enabled", "Suspended": "suspended"}[status]
}
