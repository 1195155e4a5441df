package crosscheck.rules.xc004_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc004

test_pass if {
	fixture.status(xc004.answers) == "pass" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}})
}

test_fail_suspended if {
	fixture.status(xc004.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": "Suspended"}}})
}

test_fail_never_enabled if {
	fixture.status(xc004.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": ""}}})
}

test_unknown if {
	count(xc004.answers) == 0 with input as fixture.bare
}

test_unknown_gap if {
	count(xc004.answers) == 0 with input as fixture.doc({}, {"versioning": {"gap": {"code": "AccessDenied"}}})
}
