# METADATA
# title: What arrives by replication is not expected to move on
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

replication(link) := input.buckets[link.destination].value.replication

# Where the objects of the destination go, and the replicas in it do not.
onward(link) := {arn |
	some rule in replication(link).value.rules
	rule.status == "Enabled"
	arn := rule.destination.bucket
	arn != input.bucket.arn
	not direct(arn)
}

direct(arn) if {
	some link in input.links
	link.rule.destination.bucket == arn
}

name(arn) := regex.replace(arn, "^.*:", "")

answers contains crosscheck.pass(link, sprintf("%s does not replicate", [link.destination])) if {
	some link in input.links
	replication(link).absent
}

answers contains crosscheck.pass(link, sprintf("%s replicates to no bucket that %s does not replicate to", [link.destination, input.bucket.name])) if {
	some link in input.links
	replication(link).value
	count(onward(link)) == 0
}

answers contains crosscheck.fail(link, sprintf("objects that arrive in %s from %s do not move on to %s", [link.destination, input.bucket.name, name(arn)]), {
	"key": name(arn),
	"evidence": {"from": input.bucket.name, "to": name(arn)},
	"remediation": sprintf("replicate from %s to %s directly, if its objects must be there", [input.bucket.name, name(arn)]),
}) if {
	some link in input.links
	some arn in onward(link)
}
