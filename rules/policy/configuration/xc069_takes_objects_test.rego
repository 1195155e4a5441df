package crosscheck.rules.configuration.takes_objects_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.takes_objects as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_pass_part if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"prefix": "a/", "exclude": {"prefixes": ["a/b/", "c/"]}})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"exclude": {"prefixes": [""]}}}) with input as fixture.with_rule(fixture.bare, {"exclude": {"prefixes": [""]}})
}

test_fail_tag if {
	exclude := {"tags": [{"key": "k", "value": "v"}]}
	fixture.said(rule.answers) == fixture.failed({"evidence": {"exclude": exclude}}) with input as fixture.with_rule(fixture.bare, {"tags": {"k": "v"}, "exclude": exclude})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
