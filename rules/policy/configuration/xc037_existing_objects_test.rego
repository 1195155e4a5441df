package crosscheck.rules.configuration.existing_objects_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.existing_objects as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_pass_disabled if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"existing_objects": "Disabled"})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.with_rule(fixture.bare, {"existing_objects": "Enabled"})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
