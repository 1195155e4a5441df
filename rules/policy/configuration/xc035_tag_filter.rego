# METADATA
# title: The rule does not depend on tags
# description: |
#   A tag filter looks at the tags that the object is created with: tags that are added
#   later never trigger replication, and delete markers of such rules do not replicate.
# custom:
#   id: XC035
#   severity: info
#   scope: link
#   controls: [NIST-800-53r5/CP-9]
#   remediation: filter by prefix, or set the tags in the PUT itself
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
package crosscheck.rules.configuration.tag_filter

answers contains answer if {
	some link in input.links
	faults := {fault |
		count(link.rule.tags) > 0
		fault := {
			"message": "the rule replicates only objects that are created with its tags; tags added later and delete markers do not replicate",
			"evidence": {"tags": link.rule.tags},
			"remediation": "filter by prefix, or make sure that every writer sets the tags in the PUT itself",
		}
	} | {fault |
		excluded := object.get(link.rule, ["exclude", "tags"], [])
		count(excluded) > 0
		fault := {
			"key": "excluded",
			"message": "the rule excludes only objects that are created with its tags; one that is tagged later has replicated, and delete markers do not replicate",
			"evidence": {"excluded_tags": excluded},
			"remediation": "exclude by prefix, or make sure that every writer sets the tags in the PUT itself",
		}
	}
	some answer in crosscheck.result(link, faults, "the rule has no tag filter")
}
