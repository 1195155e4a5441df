package crosscheck.rules.xc052_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc052

test_pass if {
	fixture.status(xc052.answers) == "pass" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled", "mfa_delete": "Enabled"}}})
}

test_pass_lock if {
	fixture.status(xc052.answers) == "pass" with input as fixture.doc({}, {"object_lock": {"value": {"enabled": true}}})
}

test_fail if {
	fixture.status(xc052.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}, "object_lock": {"absent": true}})
}

test_unknown if {
	count(xc052.answers) == 0 with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}})
}
