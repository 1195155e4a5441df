package crosscheck.rules.xc033_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc033

test_pass if {
	fixture.status(xc033.answers) == "pass" with input as fixture.with_rule(fixture.bare, {"prefix": "logs/"})
}

test_pass_all if {
	fixture.status(xc033.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc033.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"prefix": "/logs/"})
}

test_not_applicable_without_links if {
	count(xc033.answers) == 0 with input as fixture.no_links(fixture.bare)
}
