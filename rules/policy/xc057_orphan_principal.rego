# METADATA
# title: The destination's policy names principals that exist
# description: |
#   AWS shows a principal as its unique id (AROA…, AIDA…) once the role or user is
#   deleted. A new role of the same name has another id and is not meant by it.
# custom:
#   id: XC057
#   severity: medium
#   scope: link
#   needs: [destination.policy]
#   controls: [NIST-800-53r5/AC-6]
#   remediation: name the ARN of an existing role
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
package crosscheck.rules.xc057

destination(link) := input.buckets[link.destination].value

statements(link) := iam.statements("bucket-policy", destination(link).policy.value.document)

orphans(link) := {p.value |
	some s in statements(link)
	some p in s.principals
	regex.match(`^(AROA|AIDA)[A-Z0-9]+$`, p.value)
}

answers contains {"link": link.id, "status": "pass", "message": "the destination has no bucket policy"} if {
	some link in input.links
	destination(link).policy.absent
}

answers contains {"link": link.id, "status": "pass", "message": "no principal is an orphan"} if {
	some link in input.links
	destination(link).policy.value
	count(orphans(link)) == 0
}

answers contains {
	"link": link.id,
	"key": id,
	"status": "fail",
	"message": sprintf("the policy of %s names %s, whose role or user was deleted", [link.destination, id]),
	"remediation": sprintf("name the ARN of the role that is meant in the policy of %s", [link.destination]),
} if {
	some link in input.links
	some id in orphans(link)
}

answers contains {"link": link.id, "status": "not_applicable", "message": "the destination does not exist"} if {
	some link in input.links
	input.buckets[link.destination].absent
}
