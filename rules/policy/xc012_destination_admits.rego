# METADATA
# title: The destination admits the role
# description: |
#   s3:ReplicateObject as far as the destination decides: its bucket policy, its
#   Block Public Access and the RCPs over its account. Between accounts the bucket
#   policy must allow the role; the ARN must be the role's own, with its path.
# custom:
#   id: XC012
#   pack: links
#   severity: critical
#   scope: link
#   uses: [destination.policy, destination_account.rcps, destination.public_access_block when public_policy, destination_account.public_access_block]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: allow the role s3:ReplicateObject on the destination objects in the destination's bucket policy
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc012

answers contains crosscheck.answer(link.id, "destination/s3:ReplicateObject/resource") if some link in input.links
