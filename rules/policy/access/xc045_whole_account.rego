# METADATA
# title: The destination admits a role and not a whole account
# description: |
#   The policy that the S3 console generates lets the whole source account replicate:
#   every principal there with s3:ReplicateObject in its own policies can then write
#   into the backup.
# custom:
#   id: XC045
#   severity: medium
#   scope: link
#   when: [destination, destination_policy]
#   needs: [destination.policy, destination.owner]
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6]
#   remediation: name the replication role as principal in the destination's bucket policy
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.whole_account

import data.crosscheck.grants

actions := ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:PutObject"]

# A principal that is an account, or everybody.
whole := `^([*]|[0-9]{12}|arn:[a-z-]+:iam::[0-9]{12}:root)$`

answers contains answer if {
	some link in input.links
	destination := input.buckets[link.destination].value
	granted := iam.grants("bucket-policy", destination.policy.value.document, actions, destination.account_id)
	faults := {fault |
		some grant in granted
		some principal in grant.principals
		regex.match(whole, principal)
		fault := {
			"key": grants.key(grant),
			"message": sprintf("the policy of %s lets all of %s do %s", [link.destination, concat(", ", grant.principals), concat(", ", grant.actions)]),
			"evidence": {"grant": grant},
			"remediation": sprintf("name the replication role as principal in statement %s of the policy of %s", [grant.name, link.destination]),
		}
	}
	some answer in crosscheck.result(link, faults, "the destination's policy admits no account as a whole")
}
