# METADATA
# title: The destination is not public
# description: |
#   A bucket policy that Block Public Access calls public is open to others, and once
#   RestrictPublicBuckets is on it cuts off every other account, the replication role
#   included.
# custom:
#   id: XC054
#   pack: access
#   severity: high
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy]
#   controls: [SecurityHub/S3.2, NIST-800-53r5/AC-3]
#   remediation: narrow the destination's policy to named principals
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
package crosscheck.rules.xc054

answers contains object.union({"link": link.id}, said[public]) if {
	some link in input.links
	public := iam.public(link.destination, input.buckets[link.destination].value.policy.value.document)
}

said := {
	"false": {"status": "pass", "message": "the destination's policy is not public"},
	"true": {
		"status": "fail",
		"message": "Block Public Access calls the policy of the destination public",
		"remediation": "narrow the policy to named principals, or with fixed values of aws:PrincipalOrgID or aws:PrincipalAccount",
	},
	"unknown": {"status": "unknown", "message": "whether Block Public Access calls the policy of the destination public is not decided"},
}
