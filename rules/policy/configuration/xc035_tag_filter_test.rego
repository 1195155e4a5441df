package crosscheck.rules.configuration.tag_filter_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.tag_filter as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_pass_empty if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"tags": {}})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"tags": {"a": "b"}}}) with input as fixture.with_rule(fixture.bare, {"tags": {"a": "b"}})
}

test_fail_excluded if {
	fixture.said(rule.answers) == fixture.failed({"key": "excluded", "evidence": {"excluded_tags": [{"key": "a", "value": "b"}]}}) with input as fixture.with_rule(fixture.bare, {"exclude": {"tags": [{"key": "a", "value": "b"}]}})
}

test_pass_excluded_prefix if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"exclude": {"prefixes": ["a/"]}})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
