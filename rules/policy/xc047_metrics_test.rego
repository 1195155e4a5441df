package crosscheck.rules.xc047_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc047

test_pass if {
	fixture.status(xc047.answers) == "pass" with input as fixture.bare
}

test_fail if {
	fixture.status(xc047.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"destination": {"metrics": "Disabled"}})
}

test_fail_absent if {
	fixture.status(xc047.answers) == "fail" with input as json.remove(fixture.bare, ["/links/0/rule/destination/metrics"])
}

test_not_applicable_without_links if {
	count(xc047.answers) == 0 with input as fixture.no_links(fixture.bare)
}
