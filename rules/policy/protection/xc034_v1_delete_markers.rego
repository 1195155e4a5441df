# METADATA
# title: Delete markers replicate only where the rule says so
# description: |
#   A rule without a Filter element is of schema V1, and V1 replicates the delete
#   markers that users make, with nothing in the rule to say so: a deletion at the
#   source hides the copy as well.
# custom:
#   id: XC034
#   severity: low
#   scope: link
#   controls: [NIST-800-53r5/CP-9, NIST-800-53r5/SI-12]
#   remediation: give the rule a Filter, a Priority and DeleteMarkerReplication
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
package crosscheck.rules.protection.v1_delete_markers

answers contains crosscheck.pass(link, "the rule says itself whether it replicates delete markers") if {
	some link in input.links
	link.rule.schema == "V2"
}

answers contains crosscheck.fail(link, "the rule is of schema V1 and replicates delete markers without saying so", {
	"evidence": {"schema": link.rule.schema},
	"remediation": "give the rule a Filter, a Priority and DeleteMarkerReplication with the setting that is wanted",
}) if {
	some link in input.links
	link.rule.schema == "V1"
}
