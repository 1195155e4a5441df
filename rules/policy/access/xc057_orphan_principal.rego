# METADATA
# title: The destination's policy names principals that exist
# description: |
#   AWS shows a principal as its unique id (AROA…, AIDA…) once the role or user is
#   deleted. A new role of the same name has another id, which the policy does not name.
# custom:
#   id: XC057
#   severity: medium
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy]
#   controls: [NIST-800-53r5/AC-6]
#   remediation: name the ARN of an existing role
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
package crosscheck.rules.access.orphan_principal

answers contains answer if {
	some link in input.links
	policy := input.buckets[link.destination].value.policy.value.document
	faults := {fault |
		regex.match(`A(RO|ID)A[A-Z0-9]{12}`, policy) # few have one, and the others need not be parsed
		some statement in iam.statements("bucket-policy", policy)
		some principal in statement.principals
		regex.match(`^(AROA|AIDA)[A-Z0-9]+$`, principal.value)
		fault := {
			"key": principal.value,
			"message": sprintf("the policy of %s names %s, whose role or user was deleted", [link.destination, principal.value]),
			"remediation": sprintf("name the ARN of the role that is meant in the policy of %s", [link.destination]),
		}
	}
	some answer in crosscheck.result(link, faults, "the destination's policy names no deleted role or user")
}
