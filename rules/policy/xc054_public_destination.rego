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
#   needs: [destination.policy]
#   controls: [SecurityHub/S3.2, NIST-800-53r5/AC-3]
#   remediation: narrow the destination's policy to named principals
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
package crosscheck.rules.xc054

destination(link) := input.buckets[link.destination].value

public(link) := iam.public(link.destination, destination(link).policy.value.document)

answers contains {"link": link.id, "status": "pass", "message": "the destination has no bucket policy"} if {
	some link in input.links
	destination(link).policy.absent
}

answers contains {"link": link.id, "status": "pass", "message": "the destination's policy is not public"} if {
	some link in input.links
	public(link) == "false"
}

answers contains {
	"link": link.id,
	"status": "fail",
	"message": sprintf("Block Public Access calls the policy of %s public", [link.destination]),
	"remediation": sprintf("narrow the policy of %s to named principals, or with fixed values of aws:PrincipalOrgID or aws:PrincipalAccount", [link.destination]),
} if {
	some link in input.links
	public(link) == "true"
}

answers contains {
	"link": link.id,
	"status": "unknown",
	"message": sprintf("whether Block Public Access calls the policy of %s public is not decided", [link.destination]),
} if {
	some link in input.links
	public(link) == "unknown"
}

answers contains {"link": link.id, "status": "not_applicable", "message": "the destination does not exist"} if {
	some link in input.links
	input.buckets[link.destination].absent
}
