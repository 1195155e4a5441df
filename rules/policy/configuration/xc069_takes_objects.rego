# METADATA
# title: The rule does not exclude all of its objects
# description: |
#   A filter takes the objects under its prefix with all of its tags, without those that
#   it excludes. Where it excludes a prefix of its own prefix, the empty one, or a tag that
#   it asks for, nothing is left, and the rule replicates nothing.
# custom:
#   id: XC069
#   severity: critical
#   scope: link
#   decides: true
#   controls: [NIST-800-53r5/CP-9]
#   remediation: exclude only a part of what the rule takes
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRuleFilter.html
package crosscheck.rules.configuration.takes_objects

import data.crosscheck.objects

answers contains answer if {
	some link in input.links
	faults := {fault |
		objects.none(link.rule)
		fault := {
			"message": sprintf("the filter of the rule %s excludes all objects that it could take: it replicates nothing", [link.rule.id]),
			"evidence": {"exclude": link.rule.exclude},
			"remediation": sprintf("exclude less in the filter of the rule %s, or remove the rule", [link.rule.id]),
		}
	}
	some answer in crosscheck.result(link, faults, "the filter takes some objects")
}
