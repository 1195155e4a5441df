# METADATA
# title: Policies name the encryption context key that S3 sends
# description: |
#   One AWS page writes the condition key as kms:EncryptionContext:arn:aws:arn. S3 sends
#   kms:EncryptionContext:aws:s3:arn; a condition on the other never holds.
# custom:
#   id: XC029
#   severity: medium
#   scope: link
#   when: [kms, role]
#   needs: [role, role.inline, role.attached, source_key.policy, destination_key.policy]
#   controls: [NIST-800-53r5/SC-12]
#   remediation: write kms:EncryptionContext:aws:s3:arn
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.encryption.context_key_name

misspelled(text) if contains(lower(text), "kms:encryptioncontext:arn:aws:arn")

policies(link) := array.concat(
	array.concat(
		object.get(input.roles[link.role_arn].value.inline, "value", []),
		object.get(input.roles[link.role_arn].value.attached, "value", []),
	),
	[p | p := input.keys[[link.replica_key, link.source_key][_]].value.policy.value],
)

faulty(link) := [p.name | some p in policies(link); misspelled(p.document)]

answers contains crosscheck.pass(link, "no policy names the misspelled key") if {
	some link in input.links
	policies(link)
	count(faulty(link)) == 0
}

answers contains crosscheck.fail(link, sprintf("the condition key kms:EncryptionContext:arn:aws:arn in %s is never sent", [concat(", ", faulty(link))]), {
	"evidence": {"policies": faulty(link)},
	"remediation": "write kms:EncryptionContext:aws:s3:arn",
}) if {
	some link in input.links
	count(faulty(link)) > 0
}
