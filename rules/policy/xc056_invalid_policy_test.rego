package crosscheck.rules.xc056_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc056

test_pass if {
	fixture.status(xc056.answers) == "pass" with input as fixture.bare with crosscheck.problems as []
}

test_fail if {
	fixture.status(xc056.answers) == "fail" with input as fixture.bare with crosscheck.problems as [{"policy": "p", "line": 3, "column": 1, "message": "no"}]
}

test_unknown if {
	count(xc056.answers) == 0 with input as fixture.no_links(fixture.bare) with crosscheck.problems as []
}
