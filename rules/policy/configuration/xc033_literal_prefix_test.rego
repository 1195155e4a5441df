package crosscheck.rules.configuration.literal_prefix_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.literal_prefix as rule

# The status, the reasons and the remedies for a prefix.
said(prefix) := {[a.status, regex.replace(a.message, "^the prefix .*? (has|begins|is) ", "$1 "), object.get(a, "remediation", "")] |
	some a in rule.answers with input as fixture.with_rule(fixture.bare, {"prefix": prefix})
}

test_pass if {
	every prefix in ["", "logs/", "logs/2026", "a.b/c", ".well-known/", "data=1/x-", "back\\slash", "it's", "arn", "s3:x", "a//b", "two words/"] {
		fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"prefix": prefix})
	}
}

test_pass_all if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	every prefix, want in {
		"*": ["has a wildcard", "leave the prefix empty to select every key"],
		"**/*.log": ["has a wildcard", "leave the prefix empty to select every key"],
		"logs/*": ["has a wildcard", "write the prefix logs/"],
		"logs-202?/x": ["has a wildcard", "write the prefix logs-202"],
		"/": ["begins with a slash", "leave the prefix empty to select every key"],
		"/logs/": ["begins with a slash", "write the prefix logs/"],
		"//logs/": ["begins with a slash", "write the prefix logs/"],
		"/logs/*": ["has a wildcard and begins with a slash", "write the prefix logs/"],
		"./": ["is a relative path", "leave the prefix empty to select every key"],
		"./logs/": ["is a relative path", "write the prefix logs/"],
		"../../.logs/": ["is a relative path", "write the prefix .logs/"],
		"s3://src/logs/": ["is an address", "write the prefix logs/"],
		"https://src.s3.amazonaws.com/logs/": ["is an address", "write the prefix logs/"],
		"s3://src": ["is an address", "leave the prefix empty to select every key"],
		"arn:aws:s3:::src/logs/*": ["has a wildcard and is an address", "write the prefix logs/"],
		`"logs/"`: ["is in quotes", "write the prefix logs/"],
		"'logs/": ["is in quotes", "write the prefix logs/"],
		"logs/ ": ["begins or ends with white space", "write the prefix logs/"],
		"\tlogs/": ["begins or ends with white space", "write the prefix logs/"],
	} {
		remedy := sprintf("%s, unless keys really begin with %s", [want[1], prefix])
		said(prefix) == {["fail", sprintf("%s: it selects only keys that begin with this very text", [want[0]]), remedy]}
	}
}

test_fail_evidence if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"prefix": "/logs/"}}) with input as fixture.with_rule(fixture.bare, {"prefix": "/logs/"})
}

# A rule without filter has its prefix in the same place.
test_fail_v1 if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"prefix": "*"}}) with input as fixture.with_rule(fixture.bare, {"schema": "V1", "prefix": "*"})
}

test_fail_excluded if {
	fixture.said(rule.answers) == fixture.failed({"key": "/secret/", "evidence": {"excluded_prefix": "/secret/"}}) with input as fixture.with_rule(fixture.bare, {"exclude": {"prefixes": ["secret/", "/secret/"]}})
}

test_pass_excluded if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"exclude": {"prefixes": ["secret/", ""]}})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
