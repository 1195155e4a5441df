package crosscheck.rules.protection.expiration_not_replicated_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.expiration_not_replicated as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}}, {"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}}, {"lifecycle": {"absent": true}})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": {"gap": {"code": "AccessDenied"}}}, {"lifecycle": {"absent": true}})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}}, {"lifecycle": {"gap": {"code": "AccessDenied"}}})
}

test_not_applicable if {
	fixture.status(rule.answers) == "not_applicable" with input as fixture.doc({"lifecycle": {"absent": true}}, {"lifecycle": {"absent": true}})
}
