# METADATA
# title: The role may read the source objects
# description: |
#   s3:GetObjectVersionForReplication on every object of the rule; for objects that
#   are not under KMS, s3:GetObjectVersion does as well, and a Deny of one of the two
#   is no Deny of the other.
# custom:
#   id: XC008
#   pack: links
#   severity: critical
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   decides: true
#   failure_codes: [SrcGetObjectNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetObjectVersionForReplication on the source objects in a policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc008

answers contains crosscheck.answer(link.id, "source/s3:GetObjectVersionForReplication") if some link in input.links
