package crosscheck.rules.xc034_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc034

test_pass if {
	fixture.status(xc034.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc034.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"schema": "V1"})
}

test_unknown_schema if {
	count(xc034.answers) == 0 with input as fixture.with_rule(fixture.bare, {"schema": ""})
}

test_not_applicable_without_links if {
	count(xc034.answers) == 0 with input as fixture.no_links(fixture.bare)
}
