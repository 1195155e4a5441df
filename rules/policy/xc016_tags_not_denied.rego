# METADATA
# title: Nobody denies the role to replicate tags
# description: |
#   s3:ReplicateObject covers tags. An explicit Deny of s3:ReplicateTags was recorded:
#   the object arrives without its tags, the source object shows FAILED, and neither
#   an event nor a metric tells. Untagged objects are not touched by it.
# custom:
#   id: XC016
#   pack: links
#   severity: high
#   scope: link
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination.policy, destination_account.rcps, destination.public_access_block when public_policy, destination_account.public_access_block]
#   decides: true
#   failure_codes: [DstPutTaggingNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: remove the Deny of s3:ReplicateTags for the role; where tags must not arrive, strip them after replication
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc016

answers contains crosscheck.answer(link.id, "destination/s3:ReplicateTags") if some link in input.links
