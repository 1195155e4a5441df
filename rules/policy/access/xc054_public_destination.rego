# METADATA
# title: The destination is not public
# description: |
#   A bucket policy that Block Public Access calls public is open to others, and once
#   RestrictPublicBuckets is on it cuts off every other account, the replication role
#   included.
# custom:
#   id: XC054
#   severity: high
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy]
#   controls: [SecurityHub/S3.2, NIST-800-53r5/AC-3]
#   remediation: narrow the destination's policy to named principals
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
package crosscheck.rules.access.public_destination

# What is said of a link by whether the policy of its destination is public.
said(link, "false") := crosscheck.pass(link, "the destination's policy is not public")

said(link, "true") := crosscheck.fail(link, "Block Public Access calls the policy of the destination public", {"remediation": "narrow the policy to named principals, or with fixed values of aws:PrincipalOrgID or aws:PrincipalAccount"})

said(link, "unknown") := crosscheck.unknown(link, "whether Block Public Access calls the policy of the destination public could not be decided", {})

answers contains said(link, public) if {
	some link in input.links
	public := iam.public(link.destination, input.buckets[link.destination].value.policy.value.document)
}
