# METADATA
# title: The replication role exists
# description: |
#   S3 does not look the role up when a configuration is stored, and a role can
#   be deleted later; nothing replicates then.
# custom:
#   id: XC005
#   severity: critical
#   scope: link
#   needs: [role]
#   decides: true
#   failure_codes: [AssumeRoleNotPermitted]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9]
#   remediation: create the role again, or name an existing one in the replication configuration
#   evidence: recorded
#   sources: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"]
package crosscheck.rules.links.role_exists

answers contains crosscheck.pass(link, "the role exists") if {
	some link in input.links
	input.roles[link.role_arn].value
}

answers contains crosscheck.fail(link, sprintf("the role %s does not exist", [link.role_arn]), {
	"failure_codes": ["AssumeRoleNotPermitted"],
	"evidence": {"role": link.role_arn},
}) if {
	some link in input.links
	input.roles[link.role_arn].absent
}
