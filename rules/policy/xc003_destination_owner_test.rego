package crosscheck.rules.xc003_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc003

test_pass if {
	fixture.status(xc003.answers) == "pass" with input as fixture.bare
}

test_unknown_another_owner if {
	fixture.status(xc003.answers) == "unknown" with input as fixture.doc({}, {"account_id": "333333333333"})
}

test_fail_when_strict if {
	some a in xc003.answers with input as fixture.doc({}, {"account_id": "333333333333"})
	a.contested
}

test_unknown_owner if {
	count(xc003.answers) == 0 with input as fixture.doc({}, {"account_id": ""})
}

test_unknown_destination if {
	count(xc003.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_no_account if {
	fixture.status(xc003.answers) == "not_applicable" with input as fixture.with_rule(fixture.bare, {"destination": {"account": ""}})
}
