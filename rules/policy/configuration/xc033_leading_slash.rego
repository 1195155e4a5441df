# METADATA
# title: The prefix of the rule does not begin with a slash
# description: |
#   A prefix is compared with the key as it is. Keys seldom begin with a slash, so that
#   /logs/ matches nothing.
# custom:
#   id: XC033
#   severity: medium
#   scope: link
#   controls: [NIST-800-53r5/CP-9]
#   remediation: write the prefix without the slash
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
package crosscheck.rules.configuration.leading_slash

answers contains answer if {
	some link in input.links
	faults := {fault |
		startswith(link.rule.prefix, "/")
		fault := {
			"message": sprintf("the prefix %s begins with a slash: it matches only keys that begin with one", [link.rule.prefix]),
			"evidence": {"prefix": link.rule.prefix},
			"remediation": sprintf("write the prefix %s, unless keys really begin with a slash", [trim_left(link.rule.prefix, "/")]),
		}
	}
	some answer in crosscheck.result(link, faults, "the prefix does not begin with a slash")
}
