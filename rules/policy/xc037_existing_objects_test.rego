package crosscheck.rules.xc037_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc037

test_pass if {
	fixture.status(xc037.answers) == "pass" with input as fixture.bare
}

test_pass_disabled if {
	fixture.status(xc037.answers) == "pass" with input as fixture.with_rule(fixture.bare, {"existing_objects": "Disabled"})
}

test_fail if {
	fixture.status(xc037.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"existing_objects": "Enabled"})
}

test_not_applicable_without_links if {
	count(xc037.answers) == 0 with input as fixture.no_links(fixture.bare)
}
