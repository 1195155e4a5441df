# METADATA
# title: The role may encrypt replicas
# description: |
#   kms:Encrypt on the key for replicas, through S3 in the key's Region and with the
#   destination object as encryption context. Recorded: with bucket keys off nothing more
#   is needed. Between accounts the key policy must allow the role as well.
# custom:
#   id: XC026
#   pack: encryption
#   severity: critical
#   scope: link
#   when: [kms, role]
#   uses: [role.inline, role.attached, role.boundary, role_account.scps, destination_key, destination_key.policy, destination_key.grants, bucket.encryption, destination.encryption]
#   decides: true
#   failure_codes: [DstPutObjectNotPermitted]
#   controls: [SecurityHub/S3.17, NIST-800-53r5/SC-12, NIST-800-53r5/AC-6]
#   remediation: allow kms:Encrypt on the key for replicas in a policy of the role and, between accounts, in the key policy
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.xc026

answers contains crosscheck.answer(link.id, "destination_key/kms:Encrypt") if some link in input.links
