package crosscheck.rules.protection.mfa_delete_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.mfa_delete as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled", "mfa_delete": "Enabled"})})
}

test_pass_lock if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled"}), "object_lock": fixture.value({"enabled": true})})
}

test_pass_both if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled", "mfa_delete": "Enabled"}), "object_lock": fixture.value({"enabled": true})})
}

test_pass_no_lock if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled", "mfa_delete": "Enabled"}), "object_lock": fixture.absent})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled"}), "object_lock": fixture.absent})
}

test_fail_disabled if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled", "mfa_delete": "Disabled"}), "object_lock": fixture.value({"enabled": false})})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled"})})
}

test_unknown_lock if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"versioning": fixture.value({"status": "Enabled"}), "object_lock": fixture.gap})
}

test_unknown_versioning if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"versioning": fixture.gap, "object_lock": fixture.absent})
}
