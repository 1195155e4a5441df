package crosscheck.rules.links.invalid_policy_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.invalid_policy as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.bare with crosscheck.problems as []
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.bare with crosscheck.problems as [{"policy": "p", "line": 3, "column": 1, "message": "no"}]
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare) with crosscheck.problems as []
}
