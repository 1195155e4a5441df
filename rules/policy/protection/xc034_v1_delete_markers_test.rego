package crosscheck.rules.protection.v1_delete_markers_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.v1_delete_markers as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"schema": "V1"})
}

test_unknown_schema if {
	count(rule.answers) == 0 with input as fixture.with_rule(fixture.bare, {"schema": ""})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
