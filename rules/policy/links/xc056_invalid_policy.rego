# METADATA
# title: AWS accepts every policy of the link
# description: |
#   A document with a wrong Version (an en dash in 2012-10-17 is the commonest), an
#   unknown field or a wrong type is refused when it is stored. In facts that were read
#   from AWS it cannot occur; in proposed ones it means that the policy will not exist.
# custom:
#   id: XC056
#   severity: high
#   scope: link
#   when: [role, destination]
#   needs: [role, role.inline, role.attached, destination.policy]
#   controls: [NIST-800-53r5/CM-2]
#   remediation: correct the document
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
package crosscheck.rules.links.invalid_policy

answers contains answer if {
	some link in input.links
	faults := {fault |
		some problem in crosscheck.problems(link.id)
		fault := {
			"key": problem.policy,
			"message": sprintf("%s, line %d: %s", [problem.policy, problem.line, problem.message]),
			"evidence": {"problem": problem},
			"remediation": sprintf("correct line %d of %s", [problem.line, problem.policy]),
		}
	}
	some answer in crosscheck.result(link, faults, "AWS accepts every policy of the link")
}
