# METADATA
# title: The source side cannot list the destination bucket
# description: |
#   AWS's own sample grants s3:List* on the destination. Replication does not list it;
#   the grant discloses the names and versions of the copies.
# custom:
#   id: XC044
#   severity: medium
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy, destination.owner]
#   controls: [NIST-800-53r5/AC-6]
#   remediation: take the listing actions out of the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.excess_list

actions := ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]

answers contains crosscheck.pass(link, "the destination's policy lets no other account list the bucket") if {
	some link in input.links
	d := input.buckets[link.destination].value
	count(iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)) == 0
}

answers contains crosscheck.fail(link, sprintf("the policy of %s lets %s do %s", [link.destination, concat(", ", g.principals), concat(", ", g.actions)]), {
	"key": concat(",", array.concat(g.actions, sort(g.principals))),
	"evidence": {"grant": g},
	"remediation": sprintf("take %s out of statement %s of the policy of %s", [concat(", ", g.actions), g.name, link.destination]),
}) if {
	some link in input.links
	d := input.buckets[link.destination].value
	some g in iam.grants("bucket-policy", d.policy.value.document, actions, d.account_id)
}
