# METADATA
# title: The destination takes what the source takes under SSE-C
# description: |
#   New buckets refuse SSE-C. Recorded: an object under a customer's key fails to
#   replicate into a bucket that blocks SSE-C; its failure code is not known.
# custom:
#   id: XC050
#   severity: low
#   scope: link
#   when: [destination]
#   needs: [bucket.encryption, destination.encryption when sse_c]
#   controls: [NIST-800-53r5/SC-28]
#   remediation: block SSE-C on the source as well, or allow it on the destination
#   evidence: recorded
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html
package crosscheck.rules.encryption.sse_c

blocks(bucket) := "SSE-C" in object.get(bucket.encryption.value, "blocked_types", [])

blocks(bucket) := false if bucket.encryption.absent

answers contains crosscheck.pass(link, "the destination takes objects under SSE-C, or the source does not either") if {
	some link in input.links
	not_refused(link)
}

# The destination need not be known where the source takes none.
not_refused(_) if blocks(input.bucket)

not_refused(link) if blocks(input.buckets[link.destination].value) == false

answers contains crosscheck.fail(link, sprintf("%s blocks SSE-C and %s does not: objects under a customer's key would fail", [link.destination, input.bucket.name]), {
	"remediation": sprintf("block SSE-C on %s as well, or allow it on %s", [input.bucket.name, link.destination]),
}) if {
	some link in input.links
	blocks(input.buckets[link.destination].value)
	blocks(input.bucket) == false
}
