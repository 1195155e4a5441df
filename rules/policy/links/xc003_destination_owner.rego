# METADATA
# title: The destination bucket belongs to the account that the rule names
# description: |
#   Bucket names are free again once a bucket is deleted, except those in the namespace of
#   one account, which end with the account, the Region and "an". A rule whose
#   Destination.Account is not the owner of the bucket sends data to an unknown
#   account, or nowhere: S3 accepts such a rule, and its effect was not recorded. A
#   bucket outside the scanned accounts is unknown, unless it is known to belong to
#   the account that the rule names.
# custom:
#   id: XC003
#   severity: critical
#   scope: link
#   when: [destination]
#   needs: [destination]
#   uses: [destination.owner]
#   decides: true
#   controls: [SecurityHub/S3.6, NIST-800-53r5/AC-6]
#   remediation: name the account that owns the destination bucket, or the bucket that was meant
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_Destination.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
package crosscheck.rules.links.destination_owner

answers contains crosscheck.pass(link, "the owner of the destination is the account of the rule") if {
	some link in input.links
	input.buckets[link.destination].value.account_id == link.rule.destination.account
}

answers contains crosscheck.not_applicable(link, "the rule names no account") if {
	some link in input.links
	object.get(link.rule.destination, "account", "") == ""
}

answers contains crosscheck.unknown(
	link, sprintf(
		"the rule names account %s, but %s belongs to account %s; AWS documents that such a rule fails, and S3 accepts it",
		[link.rule.destination.account, link.destination, owner],
	),
	{
		"contested": true,
		"evidence": {"named": link.rule.destination.account, "owner": owner},
		"remediation": sprintf("set Destination.Account to %s if that is where the data may go", [owner]),
	},
) if {
	some link in input.links
	link.rule.destination.account != ""
	owner := input.buckets[link.destination].value.account_id
	owner != ""
	owner != link.rule.destination.account
}
