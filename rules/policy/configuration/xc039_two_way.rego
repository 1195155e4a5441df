# METADATA
# title: Two-way links agree on replica modifications
# description: |
#   Where two buckets replicate to each other, changes to tags, ACLs and locks of replicas
#   come back only if the rules of both directions enable replica modifications.
# custom:
#   id: XC039
#   severity: medium
#   scope: link
#   when: [destination]
#   needs: [destination.replication]
#   controls: [NIST-800-53r5/CP-9]
#   remediation: set ReplicaModifications alike in both directions
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html
package crosscheck.rules.configuration.two_way

forth(link) := [other.rule | some other in input.links; other.destination == link.destination]

synced(rules) := "Enabled" in [rule.replica_modifications | some rule in rules]

# What is said of a link by the rules by which its destination replicates back.
said(link, []) := {crosscheck.not_applicable(link, sprintf("%s does not replicate back", [link.destination]))}

said(link, back) := crosscheck.result(link, faults, "both directions have the same setting") if {
	count(back) > 0
	faults := {fault |
		synced(forth(link)) != synced(back)
		fault := {
			"message": sprintf("%s and %s replicate to each other, and only one direction replicates changes of replicas", [input.bucket.name, link.destination]),
			"remediation": "set SourceSelectionCriteria.ReplicaModifications to Enabled in the rules of both directions, or in neither",
		}
	}
}

answers contains answer if {
	some link in input.links
	replication := crosscheck.value(input.buckets[link.destination].value.replication, {})
	back := [rule |
		some rule in replication.rules
		rule.status == "Enabled"
		rule.destination.bucket == input.bucket.arn
	]
	some answer in said(link, back)
}
