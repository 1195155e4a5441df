# METADATA
# title: The role may write the replicas
# description: |
#   s3:ReplicateObject on the destination, as far as the role decides: its policies,
#   its permissions boundary and the SCPs over its account.
# custom:
#   id: XC011
#   pack: links
#   severity: critical
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:ReplicateObject on the destination objects in a policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc011

answers contains crosscheck.answer(link.id, "destination/s3:ReplicateObject/role") if some link in input.links
