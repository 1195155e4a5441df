# METADATA
# title: The destination is where the organization wants it
# description: |
#   The parameter destinations says where data may go: accounts and regions, lists of
#   what is allowed, and other_account and other_region, which demand that the copy stands
#   apart from the original.
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

faults contains [link.id, "account", sprintf("%s belongs to account %s, which is not allowed", [link.destination, d.account_id])] if {
	some link in input.links
	d := input.buckets[link.destination].value
	count(wanted.accounts) > 0
	not d.account_id in wanted.accounts
}

faults contains [link.id, "region", sprintf("%s stands in %s, which is not allowed", [link.destination, d.region])] if {
	some link in input.links
	d := input.buckets[link.destination].value
	count(wanted.regions) > 0
	not d.region in wanted.regions
}

faults contains [link.id, "other_account", sprintf("%s belongs to the account of the source", [link.destination])] if {
	some link in input.links
	wanted.other_account
	input.buckets[link.destination].value.account_id == input.bucket.account_id
}

faults contains [link.id, "other_region", sprintf("%s stands in the Region of the source", [link.destination])] if {
	some link in input.links
	wanted.other_region
	input.buckets[link.destination].value.region == input.bucket.region
}

faulty contains id if some [id, _, _] in faults

answers contains crosscheck.pass(link, "the destination is where it must be") if {
	some link in input.links
	input.buckets[link.destination].value.account_id
	input.buckets[link.destination].value.region
	not link.id in faulty
}

answers contains {"status": "fail", "link": id, "key": key, "message": message} if some [id, key, message] in faults
