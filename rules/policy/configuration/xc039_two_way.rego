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

replication(link) := input.buckets[link.destination].value.replication

# The rules by which the destination replicates back.
back(link) := [rule |
	some rule in replication(link).value.rules
	rule.status == "Enabled"
	rule.destination.bucket == input.bucket.arn
]

read(link) if replication(link).value

read(link) if replication(link).absent

synced(rules) if {
	some rule in rules
	rule.replica_modifications == "Enabled"
}

forth(link) := [other.rule | some other in input.links; other.destination == link.destination]

agree(link) if {
	synced(forth(link))
	synced(back(link))
}

agree(link) if {
	not synced(forth(link))
	not synced(back(link))
}

answers contains crosscheck.not_applicable(link, sprintf("%s does not replicate back", [link.destination])) if {
	some link in input.links
	read(link)
	count(back(link)) == 0
}

answers contains crosscheck.pass(link, "both directions have the same setting") if {
	some link in input.links
	count(back(link)) > 0
	agree(link)
}

answers contains crosscheck.fail(link, sprintf("%s and %s replicate to each other, and only one of them takes changes of replicas along", [input.bucket.name, link.destination]), {
	"remediation": "set SourceSelectionCriteria.ReplicaModifications to Enabled in the rules of both directions, or in neither",
}) if {
	some link in input.links
	count(back(link)) > 0
	not agree(link)
}
