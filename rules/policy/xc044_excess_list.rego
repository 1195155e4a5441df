# METADATA
# title: The source side cannot list the destination bucket
# description: |
#   AWS's own sample grants s3:List* on the destination. Replication does not list it;
#   the grant discloses the names and versions of the copies.
# custom:
#   id: XC044
#   severity: medium
#   scope: link
#   needs: [destination.policy, destination.owner]
#   controls: [NIST-800-53r5/AC-6]
#   remediation: take the listing actions out of the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc044

destination(link) := input.buckets[link.destination].value

listing := ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]

account_of(principal) := principal if regex.match(`^[0-9]{12}$`, principal)

account_of(principal) := split(principal, ":")[4] if startswith(principal, "arn:")

foreign(_, "*")

foreign(link, principal) if account_of(principal) != destination(link).account_id

excess(link) := [g |
	some g in iam.grants("bucket-policy", destination(link).policy.value.document, listing)
	some p in g.principals
	foreign(link, p)
]

answers contains {"link": link.id, "status": "pass", "message": "the destination has no bucket policy"} if {
	some link in input.links
	destination(link).policy.absent
}

answers contains {"link": link.id, "status": "pass", "message": "the destination's policy lets no other account list the bucket"} if {
	some link in input.links
	destination(link).policy.value
	count(excess(link)) == 0
}

answers contains {
	"link": link.id,
	"key": concat(",", g.actions),
	"status": "fail",
	"message": sprintf("the policy of %s lets %s do %s", [link.destination, concat(", ", g.principals), concat(", ", g.actions)]),
	"evidence": {"sid": g.sid, "statement": g.index, "actions": g.actions, "principals": g.principals, "conditions": g.conditions},
	"remediation": sprintf("take %s out of statement %s of the policy of %s", [concat(", ", g.actions), object.get({"": sprintf("%v", [g.index])}, g.sid, g.sid), link.destination]),
} if {
	some link in input.links
	some g in excess(link)
}

answers contains {"link": link.id, "status": "not_applicable", "message": "the destination does not exist"} if {
	some link in input.links
	input.buckets[link.destination].absent
}
