package crosscheck.rules.links.destination_versioning_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.destination_versioning as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}})
}

test_fail_suspended if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": "Suspended"}}})
}

test_fail_never_enabled if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": ""}}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_unknown_gap if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"versioning": {"gap": {"code": "AccessDenied"}}})
}
