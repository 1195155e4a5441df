# METADATA
# title: The role may read the replication configuration and list the source
# description: |
#   AWS requires s3:GetReplicationConfiguration and s3:ListBucket on the source bucket.
# custom:
#   id: XC007
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   decides: true
#   failure_codes: []
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetReplicationConfiguration and s3:ListBucket on the source bucket in a policy of the role
#   evidence: documented
#   sources: ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"]
package crosscheck.rules.xc007

import data.crosscheck.lib

answers contains lib.permission(link, key) if {
	some link in input.links
	some key in ["source/s3:GetReplicationConfiguration", "source/s3:ListBucket"]
}

answers contains lib.not_applicable(link, "the role does not exist") if {
	some link in input.links
	input.roles[link.role_arn].absent
}
