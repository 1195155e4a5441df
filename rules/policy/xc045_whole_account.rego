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
#   when: [destination]
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6]
#   remediation: name the replication role as principal in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc045

actions := ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:PutObject"]

whole(principal) if regex.match(`^([*]|[0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:root)$`, principal)

wide contains [link.id, g] if {
	some link in input.links
	d := input.buckets[link.destination].value
	some g in iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)
	some p in g.principals
	whole(p)
}

found contains id if some [id, _] in wide

read(policy) if policy.absent

read(policy) if policy.value

answers contains {"link": link.id, "status": "pass", "message": "the destination's policy admits no account as a whole"} if {
	some link in input.links
	read(input.buckets[link.destination].value.policy)
	not link.id in found
}

answers contains {
	"link": id,
	"key": concat(",", g.actions),
	"status": "fail",
	"message": sprintf("the destination's policy lets all of %s do %s", [concat(", ", g.principals), concat(", ", g.actions)]),
	"evidence": {"grant": g},
	"remediation": sprintf("name the replication role as principal in statement %s of the destination's policy", [g.name]),
} if {
	some [id, g] in wide
}
