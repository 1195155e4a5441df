# METADATA
# title: The role may read the ACLs of the source objects
# description: |
#   s3:GetObjectVersionAcl on every object of the rule; S3 copies the ACL with the object.
# custom:
#   id: XC009
#   pack: links
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, bucket.policy, source_account.rcps]
#   decides: true
#   failure_codes: [SrcGetAclNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:GetObjectVersionAcl on the source objects in a policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc009

answers contains crosscheck.answer(link.id, "source/s3:GetObjectVersionAcl") if some link in input.links
