package crosscheck.rules.configuration.tag_filter_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.tag_filter as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"tags": {"a": "b"}})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
