# METADATA
# title: The destination is where the organization wants it
# description: |
#   The parameter destinations says where data may go: accounts and regions, lists of
#   what is allowed, and other_account and other_region, which require another
#   account or Region than that of the source.
# custom:
#   id: XC053
#   severity: high
#   scope: link
#   when: [destination, parameter destinations]
#   needs: [destination, destination.owner]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-6, NIST-800-53r5/CP-9]
#   remediation: replicate to a bucket in an allowed account and Region
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
package crosscheck.rules.organization.allowed_destination

wanted := data.crosscheck.config.destinations

faults[link.id] contains {"key": "account", "message": sprintf("%s belongs to account %s, which is not allowed", [link.destination, account])} if {
	some link in input.links
	count(wanted.accounts) > 0
	account := input.buckets[link.destination].value.account_id
	not account in wanted.accounts
}

faults[link.id] contains {"key": "region", "message": sprintf("%s is in %s, which is not allowed", [link.destination, region])} if {
	some link in input.links
	count(wanted.regions) > 0
	region := input.buckets[link.destination].value.region
	not region in wanted.regions
}

faults[link.id] contains {"key": "other_account", "message": sprintf("%s belongs to the account of the source", [link.destination])} if {
	some link in input.links
	wanted.other_account
	input.buckets[link.destination].value.account_id == input.bucket.account_id
}

faults[link.id] contains {"key": "other_region", "message": sprintf("%s is in the Region of the source", [link.destination])} if {
	some link in input.links
	wanted.other_region
	input.buckets[link.destination].value.region == input.bucket.region
}

answers contains answer if {
	some link in input.links
	input.buckets[link.destination].value.account_id
	input.buckets[link.destination].value.region
	some answer in crosscheck.result(link, object.get(faults, link.id, set()), "the destination is where it must be")
}
