# METADATA
# title: The role's trust policy limits for which source S3 may assume it
# description: |
#   IAM recommends aws:SourceAccount or aws:SourceArn where a service may assume a role.
#   No S3 sample has them, whether S3 sends them here is not documented, and only the
#   role's own account can hand the role to S3: prove a conditioned role with a canary
#   before relying on it.
# custom:
#   id: XC046
#   severity: info
#   scope: link
#   when: [role]
#   needs: [role]
#   controls: [NIST-800-53r5/AC-6]
#   remediation: add the condition aws:SourceAccount, once a canary has shown that it works
#   evidence: inferred
#   sources:
#     - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
package crosscheck.rules.access.confused_deputy

sources := {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}

guarded(statement) if {
	some condition in statement.conditions
	lower(condition.key) in sources
}

answers contains answer if {
	some link in input.links
	statements := iam.statements("trust", input.roles[link.role_arn].value.trust.document)
	faults := {fault |
		some statement in statements
		statement.effect == "Allow"
		some principal in statement.principals
		principal.value == "s3.amazonaws.com"
		not guarded(statement)
		fault := {
			"message": sprintf("the trust policy of %s does not limit for which source S3 may assume the role", [link.role_arn]),
			"remediation": "after a canary has shown that replication still works with it, add the condition StringEquals aws:SourceAccount with the account of the source",
		}
	}
	some answer in crosscheck.result(link, faults, "the trust policy names the source")
}
