# METADATA
# title: The destination accepts SSE-C where the source does
# description: |
#   New buckets refuse SSE-C. Recorded: an object encrypted with a customer-provided key fails to
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

source_blocks := "SSE-C" in object.get(crosscheck.value(input.bucket.encryption, {}), "blocked_types", [])

good := "the destination accepts SSE-C, or the source blocks it"

# The destination need not be known where the source accepts none.
answers contains crosscheck.pass(link, good) if {
	some link in input.links
	source_blocks
}

answers contains answer if {
	some link in input.links
	source_blocks == false
	encryption := crosscheck.value(input.buckets[link.destination].value.encryption, {})
	faults := {fault |
		"SSE-C" in encryption.blocked_types
		fault := {
			"message": sprintf("%s blocks SSE-C and %s does not: objects encrypted with a customer-provided key would fail", [link.destination, input.bucket.name]),
			"remediation": sprintf("block SSE-C on %s as well, or allow it on %s", [input.bucket.name, link.destination]),
		}
	}
	some answer in crosscheck.result(link, faults, good)
}
