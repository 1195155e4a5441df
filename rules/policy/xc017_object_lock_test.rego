package crosscheck.rules.xc017_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc017

test_pass if {
	fixture.status(xc017.answers) == "pass" with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {"object_lock": {"value": {"enabled": true}}})
}

test_fail_default_retention if {
	fixture.status(xc017.answers) == "fail" with input as fixture.doc({"object_lock": {"value": {"enabled": true, "default_mode": "GOVERNANCE"}}}, {"object_lock": {"absent": true}})
}

test_unknown_objects if {
	fixture.status(xc017.answers) == "unknown" with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {"object_lock": {"absent": true}})
}

test_unknown_destination if {
	count(xc017.answers) == 0 with input as fixture.doc({"object_lock": {"value": {"enabled": true}}}, {})
}

test_unknown_source if {
	count(xc017.answers) == 0 with input as fixture.doc({}, {"object_lock": {"absent": true}})
}
