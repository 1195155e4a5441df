# METADATA
# title: The prefix of the rule is one that keys begin with
# description: |
#   A prefix is no pattern and no path: it is compared with the beginning of the key,
#   character by character. So *, logs/*, /logs/, ./logs/, s3://bucket/logs/ and "logs/"
#   select hardly any object, and no status of S3 says so. A key may contain all of these
#   characters; if your keys really begin like this, waive the finding.
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

# What any of the signs is or begins with: most prefixes are looked at once.
odd := "[*?\\s\"'`]|^[.]{0,2}/|^[A-Za-z][A-Za-z0-9]*:"

wrong(prefix) := concat(" and ", [what | some [sign, what] in signs; regex.match(sign, prefix)])

answers contains answer if {
	some link in input.links
	faults := {fault |
		prefix := link.rule.prefix
		regex.match(odd, prefix)
		what := wrong(prefix)
		what != ""
		fault := {
			"message": sprintf("the prefix %s %s: it selects only keys that begin with this very text", [prefix, what]),
			"evidence": {"prefix": prefix},
			"remediation": sprintf("%s, unless keys really begin with %s", [remedy(prefix), prefix]),
		}
	} | {fault |
		some excluded in link.rule.exclude.prefixes
		regex.match(odd, excluded)
		what := wrong(excluded)
		what != ""
		fault := {
			"key": excluded,
			"message": sprintf("the excluded prefix %s %s: it excludes only keys that begin with this very text, and all others replicate", [excluded, what]),
			"evidence": {"excluded_prefix": excluded},
			"remediation": sprintf("write the excluded prefix %s, unless keys really begin with %s", [meant(excluded), excluded]),
		}
	}
	some answer in crosscheck.result(link, faults, "the prefix is plain text")
}
