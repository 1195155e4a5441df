# METADATA
# title: A destination in another account is not Requester Pays
# description: |
#   AWS documents that a destination in another account cannot be a Requester Pays
#   bucket. S3 has no failure code for it.
# custom:
#   id: XC049
#   severity: high
#   scope: link
#   when: [destination, cross_account]
#   uses: [destination.request_payment, destination.owner]
#   decides: true
#   controls: [NIST-800-53r5/CP-9]
#   remediation: set the payer of the destination to BucketOwner
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
package crosscheck.rules.links.requester_pays

answers contains crosscheck.pass(link, "the owner of the destination pays") if {
	some link in input.links
	input.buckets[link.destination].value.request_payment.value == "BucketOwner"
}

answers contains crosscheck.fail(link, sprintf("%s is a Requester Pays bucket of another account", [link.destination]), {"remediation": sprintf("set the payer of %s to BucketOwner", [link.destination])}) if {
	some link in input.links
	destination := input.buckets[link.destination].value
	destination.request_payment.value == "Requester"
	destination.account_id != input.bucket.account_id
}
