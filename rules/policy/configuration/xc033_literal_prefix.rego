# METADATA
# title: The prefix of the rule is one that keys begin with
# description: |
#   A prefix is no pattern and no path: it is compared with the beginning of the key,
#   character by character. So *, logs/*, /logs/, ./logs/, s3://bucket/logs/ and "logs/"
#   select next to nothing, and no status says so. All of these characters may stand in a
#   key; where keys really begin so, waive the finding.
# custom:
#   id: XC033
#   severity: medium
#   scope: link
#   controls: [NIST-800-53r5/CP-9]
#   remediation: write the text that the keys begin with
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-troubleshoot.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
package crosscheck.rules.configuration.literal_prefix

# Signs that a prefix is meant as something else, with what it then is.
signs := [
	["[*?]", "has a wildcard"],
	["^/", "begins with a slash"],
	[`^\.{1,2}/`, "is a relative path"],
	["^([A-Za-z][A-Za-z0-9]*://|arn:)", "is an address"],
	["^[\"'`]|[\"'`]$", "is in quotes"],
	[`^\s|\s$`, "begins or ends with white space"],
]

# The text of the prefix that is probably meant.
meant(prefix) := regex.replace(
	regex.replace(prefix, "^[\\s\"'`]*([A-Za-z][A-Za-z0-9]*://[^/]*/?|arn:[^/]*/?)?(\\.{0,2}/)*", ""),
	"[*?\\s\"'`].*$",
	"",
)

remedy(prefix) := "leave the prefix empty to select every key" if {
	meant(prefix) == ""
} else := sprintf("write the prefix %s", [meant(prefix)])

answers contains answer if {
	some link in input.links
	prefix := object.get(link.rule, "prefix", "")
	found := [what | some [sign, what] in signs; regex.match(sign, prefix)]
	faults := {fault |
		count(found) > 0
		fault := {
			"message": sprintf("the prefix %s %s: it selects only keys that begin with this very text", [prefix, concat(" and ", found)]),
			"evidence": {"prefix": prefix},
			"remediation": sprintf("%s, unless keys really begin with %s", [remedy(prefix), prefix]),
		}
	}
	some answer in crosscheck.result(link, faults, "the prefix is plain text")
}
