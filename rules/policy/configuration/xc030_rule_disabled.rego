# METADATA
# title: No replication rule is disabled
# description: |
#   A disabled rule replicates nothing, and what is written meanwhile is not picked up
#   when it is enabled again.
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

disabled contains rule if {
	some rule in input.bucket.replication.value.rules
	rule.status != "Enabled"
}

answers contains crosscheck.pass(input.bucket, "every replication rule is enabled") if {
	input.bucket.replication.value.rules
	count(disabled) == 0
}

answers contains crosscheck.fail(input.bucket, sprintf("the replication rule %s of %s is disabled", [rule.id, input.bucket.name]), {
	"key": rule.id,
	"evidence": {"rule": rule.id, "destination": rule.destination.bucket},
	"remediation": sprintf("enable the rule %s, or remove it; then replicate what was written meanwhile with Batch Replication", [rule.id]),
}) if {
	some rule in disabled
}
