# METADATA
# title: The destination admits a role and not a whole account
# description: |
#   The policy that the S3 console generates lets the whole source account replicate:
#   every principal there with s3:ReplicateObject in its own policies can then write
#   into the backup.
# custom:
#   id: XC045
#   severity: medium
#   scope: link
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6]
#   remediation: name the replication role as principal in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc045

destination(link) := input.buckets[link.destination].value

whole(_, "*")

whole(link, principal) if {
	regex.match(`^([0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:root)$`, principal)
	not contains(principal, destination(link).account_id)
}

wide(link) := [g |
	some g in iam.grants("bucket-policy", destination(link).policy.value.document, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:PutObject"])
	some p in g.principals
	whole(link, p)
]

answers contains {"link": link.id, "status": "pass", "message": "the destination has no bucket policy"} if {
	some link in input.links
	destination(link).policy.absent
}

answers contains {"link": link.id, "status": "pass", "message": "the destination's policy names roles"} if {
	some link in input.links
	destination(link).policy.value
	count(wide(link)) == 0
}

answers contains {
	"link": link.id,
	"key": concat(",", g.actions),
	"status": "fail",
	"message": sprintf("the policy of %s lets all of %s do %s", [link.destination, concat(", ", g.principals), concat(", ", g.actions)]),
	"evidence": {"sid": g.sid, "statement": g.index, "actions": g.actions, "principals": g.principals, "conditions": g.conditions},
	"remediation": sprintf("name the role %s as principal in the policy of %s", [link.role_arn, link.destination]),
} if {
	some link in input.links
	some g in wide(link)
}

answers contains {"link": link.id, "status": "not_applicable", "message": "the destination does not exist"} if {
	some link in input.links
	input.buckets[link.destination].absent
}
