package crosscheck.rules.protection.replicas_expire_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.replicas_expire as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"lifecycle": {"absent": true}}, {"lifecycle": {"absent": true}})
}

test_pass_source_first if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}}, {"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 60}]}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"lifecycle": {"absent": true}}, {"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}})
}

test_fail_earlier if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 30}]}}, {"lifecycle": {"value": [{"status": "Enabled", "id": "x", "expiration_days": 10}]}})
}

test_pass_other_prefix if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_rule(fixture.doc({"lifecycle": {"absent": true}}, {"lifecycle": {"value": [{"status": "Enabled", "prefix": "tmp/", "expiration_days": 1}]}}), {"prefix": "data/"})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": {"absent": true}}, {"lifecycle": {"gap": {"code": "AccessDenied"}}})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": {"gap": {"code": "AccessDenied"}}}, {"lifecycle": {"absent": true}})
}
