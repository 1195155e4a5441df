# METADATA
# title: S3 may assume the replication role
# description: |
#   The trust policy of the role must let the service s3.amazonaws.com assume it.
#   Whether S3 sends aws:SourceArn and aws:SourceAccount when it does is not
#   documented: a trust policy that depends on matching values is unknown, one with
#   other values fails.
# custom:
#   id: XC006
#   pack: links
#   severity: critical
#   scope: link
#   when: [role]
#   uses: [role, role_account.rcps]
#   decides: true
#   failure_codes: [AssumeRoleNotPermitted]
#   controls: [NIST-800-53r5/AC-6, NIST-800-53r5/CP-9]
#   remediation: let the principal service s3.amazonaws.com do sts:AssumeRole in the trust policy of the role
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.xc006

answers contains crosscheck.answer(link.id, "trust/sts:AssumeRole") if some link in input.links
