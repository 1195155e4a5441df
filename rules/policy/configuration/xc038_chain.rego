# METADATA
# title: Replicas are not expected to replicate again
# description: |
#   Replicas do not replicate again: with A to B and B to C, what is written to A never
#   reaches C, unless A replicates to C itself.
# custom:
#   id: XC038
#   severity: low
#   scope: link
#   when: [destination]
#   needs: [destination.replication]
#   controls: [NIST-800-53r5/CP-9]
#   remediation: replicate from the first bucket to the last directly
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
package crosscheck.rules.configuration.chain

# Where the source replicates to itself.
direct contains link.rule.destination.bucket if some link in input.links

name(arn) := regex.replace(arn, "^.*:", "")

answers contains crosscheck.pass(link, sprintf("%s does not replicate", [link.destination])) if {
	some link in input.links
	input.buckets[link.destination].value.replication.absent
}

answers contains answer if {
	some link in input.links
	replication := input.buckets[link.destination].value.replication.value
	faults := {fault |
		some rule in replication.rules
		rule.status == "Enabled"
		arn := rule.destination.bucket
		arn != input.bucket.arn
		not arn in direct
		fault := {
			"key": name(arn),
			"message": sprintf("objects replicated from %s to %s do not replicate further to %s", [input.bucket.name, link.destination, name(arn)]),
			"evidence": {"from": input.bucket.name, "to": name(arn)},
			"remediation": sprintf("replicate from %s to %s directly, if its objects must be there", [input.bucket.name, name(arn)]),
		}
	}
	some answer in crosscheck.result(link, faults, sprintf("%s replicates to no bucket that %s does not replicate to", [link.destination, input.bucket.name]))
}
