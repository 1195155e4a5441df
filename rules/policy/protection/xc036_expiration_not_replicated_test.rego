package crosscheck.rules.protection.expiration_not_replicated_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.expiration_not_replicated as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_pass_by_date if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_date": "2026-01-01"}])})
}

test_pass_by_noncurrent if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "noncurrent_days": 30}])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.absent})
}

test_fail_disabled if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Disabled", "expiration_days": 30}])})
}

test_fail_transition if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "transition_days": 30}])})
}

test_fail_noncurrent if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "noncurrent_days": 1}])}, {"lifecycle": fixture.absent})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": fixture.gap}, {"lifecycle": fixture.absent})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.gap})
}

test_not_applicable if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.absent})
}

test_not_applicable_disabled if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Disabled", "expiration_days": 30}])}, {"lifecycle": fixture.gap})
}
