# METADATA
# title: The destination bucket exists
# description: |
#   A destination that was deleted after the rule was made stays in the
#   configuration; every object then fails, until an account creates a bucket of this
#   name. Any account can, unless the name is in the namespace of one account: it ends with
#   the account, the Region and "an".
# custom:
#   id: XC002
#   severity: critical
#   scope: link
#   needs: [destination]
#   decides: true
#   failure_codes: [DstBucketNotFound]
#   controls: [SecurityHub/S3.7, NIST-800-53r5/CP-9]
#   remediation: create the destination bucket again, or name another one in the rule
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
package crosscheck.rules.links.destination_exists

answers contains crosscheck.pass(link, "the destination bucket exists") if {
	some link in input.links
	input.buckets[link.destination].value
}

# The account in whose namespace a name is.
namespace(name) := found[0][1] if {
	found := regex.find_all_string_submatch_n(`-([0-9]{12})-[a-z]{2,4}(?:-[a-z]+)+-[0-9]+-an$`, name, 1)
}

who(name) := sprintf("only account %s", [namespace(name)])

who(name) := "any account" if not namespace(name)

answers contains crosscheck.fail(
	link, sprintf(
		"the destination bucket %s does not exist; %s can create a bucket of this name",
		[link.destination, who(link.destination)],
	),
	{
		"failure_codes": ["DstBucketNotFound"],
		"evidence": {"destination": link.destination},
	},
) if {
	some link in input.links
	input.buckets[link.destination].absent
}
