# METADATA
# title: Versions at the destination are protected against deletion
# description: |
#   With MFA delete or Object Lock, credentials of the destination account alone do not
#   suffice to delete copies. MFA delete cannot be combined with lifecycle rules.
# custom:
#   id: XC052
#   severity: info
#   scope: link
#   when: [destination]
#   needs: [destination.versioning, destination.object_lock when no_mfa_delete]
#   controls: [SecurityHub/S3.20, NIST-800-53r5/CP-9]
#   remediation: enable Object Lock or MFA delete on the destination
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html
package crosscheck.rules.protection.mfa_delete

answers contains crosscheck.pass(link, "MFA delete protects the versions") if {
	some link in input.links
	input.buckets[link.destination].value.versioning.value.mfa_delete == "Enabled"
}

answers contains crosscheck.pass(link, "Object Lock protects the versions") if {
	some link in input.links
	input.buckets[link.destination].value.object_lock.value.enabled
}

answers contains crosscheck.fail(link, sprintf("neither MFA delete nor Object Lock protects the versions in %s", [link.destination]), {"remediation": sprintf("enable Object Lock on %s, or MFA delete if it has no lifecycle rules", [link.destination])}) if {
	some link in input.links
	destination := input.buckets[link.destination].value
	object.get(destination.versioning.value, "mfa_delete", "") != "Enabled"
	lock := crosscheck.value(destination.object_lock, {"enabled": false})
	lock.enabled == false
}
