package crosscheck.rules.xc005_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc005

test_pass if {
	fixture.status(xc005.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc005.answers) == "fail" with input as fixture.no_role(fixture.bare)
}

test_unknown if {
	count(xc005.answers) == 0 with input as json.remove(fixture.bare, ["roles"])
}

test_not_applicable_without_links if {
	count(xc005.answers) == 0 with input as fixture.no_links(fixture.bare)
}
