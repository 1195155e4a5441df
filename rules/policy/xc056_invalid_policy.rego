# METADATA
# title: Every policy of the link is one that AWS accepts
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
package crosscheck.rules.xc056

destination(link) := input.buckets[link.destination].value

role(link) := input.roles[link.role_arn].value

present(link) := [["trust", "the trust policy of the role", d] | d := role(link).trust.document]

own(link) := [["bucket-policy", "the bucket policy of the destination", d] | d := destination(link).policy.value.document]

identity(link) := [["identity", p.name, p.document] | some p in role(link).inline.value]

managed(link) := [["identity", p.name, p.document] | some p in role(link).attached.value]

faulty(link) := [[name, problem] |
	some list in [present(link), own(link), identity(link), managed(link)]
	some [kind, name, text] in list
	some problem in iam.problems(kind, text)
]

read(f) if f.value

read(f) if f.absent

answers contains {"link": link.id, "status": "pass", "message": "AWS accepts every policy of the link"} if {
	some link in input.links
	present(link)
	read(role(link).inline)
	read(role(link).attached)
	read(destination(link).policy)
	count(faulty(link)) == 0
}

answers contains {
	"link": link.id,
	"key": name,
	"status": "fail",
	"message": sprintf("%s, line %d: %s", [name, problem.line, problem.message]),
	"evidence": {"policy": name, "problem": problem},
	"remediation": sprintf("correct line %d of %s", [problem.line, name]),
} if {
	some link in input.links
	some [name, problem] in faulty(link)
}
