package crosscheck.rules.protection.mfa_delete_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.mfa_delete as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled", "mfa_delete": "Enabled"}}})
}

test_pass_lock if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"object_lock": {"value": {"enabled": true}}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}, "object_lock": {"absent": true}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"versioning": {"value": {"status": "Enabled"}}})
}
