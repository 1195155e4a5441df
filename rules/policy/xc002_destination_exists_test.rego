package crosscheck.rules.xc002_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc002

test_pass if {
	fixture.status(xc002.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc002.answers) == "fail" with input as fixture.no_destination(fixture.bare)
}

test_unknown if {
	count(xc002.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_without_links if {
	count(xc002.answers) == 0 with input as fixture.no_links(fixture.bare)
}
