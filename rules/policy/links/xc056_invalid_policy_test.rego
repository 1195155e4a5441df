package crosscheck.rules.links.invalid_policy_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.invalid_policy as rule

problem := {"policy": "p", "line": 3, "column": 1, "message": "no"}

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare with crosscheck.problems as []
}

test_fail if {
	fixture.said(rule.answers) == {
		{"link": fixture.link_id, "status": "fail", "key": "p", "evidence": {"problem": problem}},
		{"link": fixture.link_id, "status": "fail", "key": "q", "evidence": {"problem": object.union(problem, {"policy": "q"})}},
	} with input as fixture.bare with crosscheck.problems as [problem, object.union(problem, {"policy": "q"})]
}

test_unknown_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare) with crosscheck.problems as [problem]
}
