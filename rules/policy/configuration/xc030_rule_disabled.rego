# METADATA
# title: No replication rule is disabled
# description: |
#   A disabled rule replicates nothing, and objects that are written meanwhile are not
#   replicated when it is enabled again.
# custom:
#   id: XC030
#   severity: medium
#   scope: source
#   needs: [bucket.replication]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9]
#   remediation: enable the rule or remove it
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/disable-replication.html
package crosscheck.rules.configuration.rule_disabled

answers contains answer if {
	rules := input.bucket.replication.value.rules
	faults := {fault |
		some rule in rules
		rule.status != "Enabled"
		fault := {
			"key": rule.id,
			"message": sprintf("the replication rule %s of %s is disabled", [rule.id, input.bucket.name]),
			"evidence": {"rule": rule.id, "destination": rule.destination.bucket},
			"remediation": sprintf("enable the rule %s, or remove it; then replicate what was written meanwhile with Batch Replication", [rule.id]),
		}
	}
	some answer in crosscheck.result(input.bucket, faults, "every replication rule is enabled")
}
