package crosscheck.rules.protection.v1_delete_markers_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.v1_delete_markers as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"schema": "V1"}}) with input as fixture.with_rule(fixture.bare, {"schema": "V1"})
}

test_unknown_schema if {
	count(rule.answers) == 0 with input as fixture.with_rule(fixture.bare, {"schema": ""})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
