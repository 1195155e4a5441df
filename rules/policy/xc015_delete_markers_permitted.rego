# METADATA
# title: The role may replicate delete markers
# description: |
#   s3:ReplicateDelete on the destination objects, where the rule replicates delete
#   markers: V1 rules (without Filter) always do, V2 rules when told to.
# custom:
#   id: XC015
#   pack: links
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination.policy, destination_account.rcps, destination.public_access_block when public_policy, destination_account.public_access_block]
#   decides: true
#   failure_codes: [DstDelObjNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow s3:ReplicateDelete on the destination objects, in a policy of the role and in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-marker-replication.html
package crosscheck.rules.xc015

answers contains crosscheck.answer(link.id, "destination/s3:ReplicateDelete") if some link in input.links
