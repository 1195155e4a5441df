# METADATA
# title: The rule does not use ExistingObjectReplication
# description: |
#   S3 no longer supports the element and refuses it in new configurations. Objects that
#   are older than the rule, or were written while it was disabled, are replicated only by
#   Batch Replication; so are objects that FAILED, once the fault is repaired.
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

answers contains answer if {
	some link in input.links
	faults := {fault |
		link.rule.existing_objects == "Enabled"
		fault := {
			"message": "the rule asks for existing objects, which S3 no longer replicates by itself",
			"remediation": "remove ExistingObjectReplication and run a Batch Replication job",
		}
	}
	some answer in crosscheck.result(link, faults, "the rule does not ask for existing objects")
}
