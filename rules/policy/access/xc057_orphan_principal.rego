# METADATA
# title: The destination's policy names principals that exist
# description: |
#   AWS shows a principal as its unique id (AROA…, AIDA…) once the role or user is
#   deleted. A new role of the same name has another id and is not meant by it.
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

suspect(text) if regex.match(`A(RO|ID)A[A-Z0-9]{12}`, text)

orphans contains [link, p.value] if {
	some link in input.links
	text := input.buckets[link.destination].value.policy.value.document
	suspect(text)
	some s in iam.statements("bucket-policy", text)
	some p in s.principals
	regex.match(`^(AROA|AIDA)[A-Z0-9]+$`, p.value)
}

found contains link.id if some [link, _] in orphans

answers contains crosscheck.pass(link, "no principal of the destination's policy is an orphan") if {
	some link in input.links
	not suspect(input.buckets[link.destination].value.policy.value.document)
}

answers contains crosscheck.pass(link, "no principal of the destination's policy is an orphan") if {
	some link in input.links
	suspect(input.buckets[link.destination].value.policy.value.document)
	not link.id in found
}

answers contains crosscheck.fail(link, sprintf("the policy of %s names %s, whose role or user was deleted", [link.destination, id]), {
	"key": id,
	"remediation": sprintf("name the ARN of the role that is meant in the policy of %s", [link.destination]),
}) if {
	some [link, id] in orphans
}
