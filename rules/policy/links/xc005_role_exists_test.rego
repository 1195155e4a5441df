package crosscheck.rules.links.role_exists_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.role_exists as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["AssumeRoleNotPermitted"], "evidence": {"role": fixture.link.role_arn}}) with input as fixture.no_role(fixture.bare)
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_role(fixture.bare)
}

test_unknown_not_asked if {
	count(rule.answers) == 0 with input as json.remove(fixture.bare, ["roles"])
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
