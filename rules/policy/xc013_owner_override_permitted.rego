# METADATA
# title: The role may change the owner of the replicas
# description: |
#   A rule with the owner override needs s3:ObjectOwnerOverrideToBucketOwner on both
#   sides, unless the destination enforces bucket ownership.
# custom:
#   id: XC013
#   pack: ownership
#   severity: critical
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination.policy, destination_account.rcps, destination.public_access_block when public_policy, destination_account.public_access_block, destination.ownership when owner_override]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:ObjectOwnerOverrideToBucketOwner on the destination objects, in a policy of the role and in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-owner.html
package crosscheck.rules.xc013

answers contains crosscheck.answer(link.id, "destination/s3:ObjectOwnerOverrideToBucketOwner") if some link in input.links
