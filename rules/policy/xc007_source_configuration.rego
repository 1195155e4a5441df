# METADATA
# title: The role may read the replication configuration and list the source
# description: |
#   AWS requires s3:GetReplicationConfiguration and s3:ListBucket on the source bucket.
# custom:
#   id: XC007
#   pack: links
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   decides: true
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetReplicationConfiguration and s3:ListBucket on the source bucket in a policy of the role
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc007

answers contains crosscheck.answer(link.id, check) if {
	some link in input.links
	some check in ["source/s3:GetReplicationConfiguration", "source/s3:ListBucket"]
}
