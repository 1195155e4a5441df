package crosscheck.rules.protection.object_lock_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.object_lock as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {"object_lock": {"value": {"enabled": true}}})
}

test_fail_default_retention if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"object_lock": {"value": {"enabled": true, "default_mode": "GOVERNANCE"}}}, {"object_lock": {"absent": true}})
}

test_unknown_objects if {
	fixture.status(rule.answers) == "unknown" with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {"object_lock": {"absent": true}})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"object_lock": {"absent": true}})
}
