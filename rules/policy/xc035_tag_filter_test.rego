package crosscheck.rules.xc035_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc035

test_pass if {
	fixture.status(xc035.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc035.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"tags": {"a": "b"}})
}

test_not_applicable_without_links if {
	count(xc035.answers) == 0 with input as fixture.no_links(fixture.bare)
}
