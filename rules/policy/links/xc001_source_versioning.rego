# METADATA
# title: The source bucket keeps versions
# description: |
#   Replication needs versioning on the source bucket. S3 refuses to suspend it
#   while a replication configuration exists, so a failure here means that one of
#   the two was changed without the other.
# custom:
#   id: XC001
#   severity: high
#   scope: link
#   needs: [bucket.versioning]
#   decides: true
#   controls: [SecurityHub/S3.14, NIST-800-53r5/CP-9]
#   remediation: enable versioning on the source bucket
#   evidence: documented
#   sources: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html"]
package crosscheck.rules.links.source_versioning

answers contains crosscheck.pass(link, "versioning of the source is enabled") if {
	some link in input.links
	input.bucket.versioning.value.status == "Enabled"
}

answers contains crosscheck.fail(link, sprintf("versioning of the source bucket %s is %s", [input.bucket.name, state]), {
	"evidence": {"versioning": state},
	"remediation": sprintf("enable versioning on %s", [input.bucket.name]),
}) if {
	some link in input.links
	status := object.get(input.bucket.versioning.value, "status", "")
	state := {"": "not enabled", "Suspended": "suspended"}[status]
}
