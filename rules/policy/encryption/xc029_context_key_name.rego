# METADATA
# title: Policies name the encryption context key that S3 sends
# description: |
#   One AWS page writes the condition key as kms:EncryptionContext:arn:aws:arn. S3 sends
#   kms:EncryptionContext:aws:s3:arn; a condition on the other is never met.
# custom:
#   id: XC029
#   severity: medium
#   scope: link
#   when: [kms, role]
#   needs: [role, role.inline, role.attached, source_key.policy, destination_key.policy]
#   uses: [source_key.ram_policy, destination_key.ram_policy]
#   controls: [NIST-800-53r5/SC-12]
#   remediation: write kms:EncryptionContext:aws:s3:arn
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
package crosscheck.rules.encryption.context_key_name

misspelled := "kms:encryptioncontext:arn:aws:arn"

answers contains answer if {
	some link in input.links
	role := input.roles[link.role_arn].value
	policies := array.concat(
		array.concat(crosscheck.value(role.inline, []), crosscheck.value(role.attached, [])),
		[policy |
			some side in ["source_key", "replica_key"]
			some kind in ["policy", "ram_policy"]
			policy := input.keys[link[side]].value[kind].value
		],
	)
	names := [policy.name | some policy in policies; contains(lower(policy.document), misspelled)]
	faults := {fault |
		count(names) > 0
		fault := {
			"message": sprintf("the condition key kms:EncryptionContext:arn:aws:arn in %s is never sent", [concat(", ", names)]),
			"evidence": {"policies": names},
			"remediation": "write kms:EncryptionContext:aws:s3:arn",
		}
	}
	some answer in crosscheck.result(link, faults, "no policy names the misspelled key")
}
