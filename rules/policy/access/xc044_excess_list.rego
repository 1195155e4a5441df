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
#   remediation: remove the listing actions from the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.excess_list

import data.crosscheck.grants

actions := ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]

answers contains answer if {
	some link in input.links
	destination := input.buckets[link.destination].value
	excess := iam.grants("bucket-policy", destination.policy.value.document, actions, destination.account_id)
	faults := {grants.fault(link, grant) | some grant in excess}
	some answer in crosscheck.result(link, faults, "the destination's policy lets no other account list the bucket")
}
