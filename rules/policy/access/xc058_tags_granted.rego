# METADATA
# title: The destination's policy allows s3:ReplicateTags
# description: |
#   A missing Allow of s3:ReplicateTags was recorded to be harmless within one account:
#   s3:ReplicateObject covers tags. Between accounts this was not recorded, and one
#   AWS page asks for it.
# custom:
#   id: XC058
#   severity: info
#   scope: link
#   when: [destination, destination_policy, cross_account]
#   needs: [destination.policy, destination.owner]
#   controls: [NIST-800-53r5/CP-9]
#   remediation: add s3:ReplicateTags to the statement for the role in the destination's bucket policy
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
package crosscheck.rules.access.tags_granted

answers contains answer if {
	some link in input.links
	destination := input.buckets[link.destination].value
	granted := iam.grants("bucket-policy", destination.policy.value.document, ["s3:ReplicateTags"], "")
	faults := {fault |
		count(granted) == 0
		fault := {
			"message": sprintf("the policy of %s does not name s3:ReplicateTags; this is harmless within one account, but was not recorded between accounts", [link.destination]),
			"remediation": sprintf("add `s3:ReplicateTags` on `%s/*` to the statement for %s in the policy of %s", [destination.arn, link.role_arn, link.destination]),
		}
	}
	some answer in crosscheck.result(link, faults, "the destination's policy names s3:ReplicateTags")
}
