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
#   when: [destination, destination_policy]
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6]
#   remediation: name the replication role as principal in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.whole_account

actions := ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:PutObject"]

whole(principal) if regex.match(`^([*]|[0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:root)$`, principal)

wide(d) := [g |
	some g in iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)
	some p in g.principals
	whole(p)
]

answers contains crosscheck.pass(link, "the destination's policy admits no account as a whole") if {
	some link in input.links
	d := input.buckets[link.destination].value
	d.policy.value
	count(wide(d)) == 0
}

answers contains crosscheck.fail(link, sprintf("the policy of %s lets all of %s do %s", [link.destination, concat(", ", g.principals), concat(", ", g.actions)]), {
	"key": concat(",", array.concat(g.actions, sort(g.principals))),
	"evidence": {"grant": g},
	"remediation": sprintf("name the replication role as principal in statement %s of the policy of %s", [g.name, link.destination]),
}) if {
	some link in input.links
	some g in wide(input.buckets[link.destination].value)
}
