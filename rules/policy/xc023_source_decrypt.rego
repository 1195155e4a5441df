# METADATA
# title: The role may decrypt source objects
# description: |
#   kms:Decrypt on the default key of the source, through S3 in the key's Region and
#   with the object as encryption context; with bucket keys on, AWS documents the bucket
#   as context instead, and a policy that tells the two apart is unknown. Other keys of
#   source objects are not seen.
# custom:
#   id: XC023
#   pack: encryption
#   severity: critical
#   scope: link
#   when: [kms, role]
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, source_key, source_key.policy, source_key.grants, bucket.encryption]
#   decides: true
#   failure_codes: [SrcGetObjectNotPermitted]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12, NIST-800-53r5/AC-6]
#   remediation: allow kms:Decrypt on the source key in a policy of the role, and in the key policy where it does not delegate to the account
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.xc023

answers contains crosscheck.answer(link.id, "source_key/kms:Decrypt") if some link in input.links
