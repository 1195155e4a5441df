# METADATA
# title: The destination account owns the replicas
# description: |
#   Between accounts a replica belongs to the source account unless the rule changes
#   the owner or the destination enforces bucket ownership. The destination account may
#   then be unable to read its own copy, and the source account can still change it.
# custom:
#   id: XC014
#   severity: high
#   scope: link
#   when: [destination, cross_account]
#   needs: [destination.ownership, destination.owner]
#   unreadable: true
#   controls: [SecurityHub/S3.12, NIST-800-53r5/AC-3]
#   remediation: set object ownership of the destination to BucketOwnerEnforced, or the owner override in the rule
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-change-owner.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
package crosscheck.rules.ownership.replica_owner

answers contains crosscheck.pass(link, "the rule makes the destination account the owner") if {
	some link in input.links
	link.rule.destination.owner_override
}

answers contains crosscheck.pass(link, "the destination enforces bucket ownership") if {
	some link in input.links
	input.buckets[link.destination].value.ownership.value == "BucketOwnerEnforced"
}

answers contains crosscheck.fail(link, sprintf("arrives, unreadable at the destination: replicas in %s belong to the source account %s", [link.destination, input.bucket.account_id]), {
	"evidence": {"ownership": setting, "owner_override": false},
	"remediation": sprintf("set object ownership of %s to BucketOwnerEnforced, or AccessControlTranslation.Owner to Destination in the rule", [link.destination]),
}) if {
	some link in input.links
	not link.rule.destination.owner_override
	setting := crosscheck.value(input.buckets[link.destination].value.ownership, "not set")
	setting != "BucketOwnerEnforced"
}
