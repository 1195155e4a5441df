# METADATA
# title: Nobody relies on ExistingObjectReplication
# description: |
#   S3 no longer supports the element and refuses it in new configurations. Objects that
#   are older than the rule, or were written while it was disabled, move with Batch
#   Replication alone; so do objects that FAILED after the fault is repaired.
# custom:
#   id: XC037
#   severity: low
#   scope: link
#   controls: [NIST-800-53r5/CP-9]
#   remediation: remove ExistingObjectReplication and run a Batch Replication job
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_ExistingObjectReplication.html
package crosscheck.rules.configuration.existing_objects

relied(link) if link.rule.existing_objects == "Enabled"

answers contains crosscheck.pass(link, "the rule does not ask for existing objects") if {
	some link in input.links
	not relied(link)
}

answers contains crosscheck.fail(link, "the rule asks for existing objects, which S3 no longer replicates by itself", {
	"remediation": "remove ExistingObjectReplication and run a Batch Replication job",
}) if {
	some link in input.links
	relied(link)
}
