package crosscheck.rules.configuration.leading_slash_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.leading_slash as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.bare, {"prefix": "logs/"})
}

test_pass_all if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"prefix": "/logs/"}}) with input as fixture.with_rule(fixture.bare, {"prefix": "/logs/"})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
