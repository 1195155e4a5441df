package crosscheck.rules.protection.object_lock_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.object_lock as rule

test_fail_event_hold if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstBucketObjectLockConfigMissing"], "evidence": {"default_mode": "", "event_hold": true}}) with input as fixture.doc({"object_lock": fixture.value({"enabled": true, "event_hold": true})}, {"object_lock": fixture.absent})
}

test_fail_both if {
	{a.message | some a in rule.answers} == {"src gives every object a retention and an event hold and dst has no Object Lock"} with input as fixture.doc({"object_lock": fixture.value({"enabled": true, "default_mode": "GOVERNANCE", "event_hold": true})}, {"object_lock": fixture.absent})
}

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"object_lock": fixture.value({"enabled": true})}, {"object_lock": fixture.value({"enabled": true})})
}

test_pass_default if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"object_lock": fixture.value({"enabled": true, "default_mode": "GOVERNANCE"})}, {"object_lock": fixture.value({"enabled": true})})
}

test_fail_default_retention if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstBucketObjectLockConfigMissing"], "evidence": {"default_mode": "GOVERNANCE"}}) with input as fixture.doc({"object_lock": fixture.value({"enabled": true, "default_mode": "GOVERNANCE"})}, {"object_lock": fixture.absent})
}

test_fail_not_enabled if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstBucketObjectLockConfigMissing"], "evidence": {"default_mode": "GOVERNANCE"}}) with input as fixture.doc({"object_lock": fixture.value({"enabled": true, "default_mode": "GOVERNANCE"})}, {"object_lock": fixture.value({"enabled": false})})
}

test_fail_some_objects if {
	fixture.said(rule.answers) == fixture.failed({"key": "objects", "failure_codes": ["DstBucketObjectLockConfigMissing"]}) with input as fixture.doc({"object_lock": fixture.value({"enabled": true})}, {"object_lock": fixture.absent})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": fixture.value({"enabled": true})}, {"object_lock": fixture.gap})
}

test_unknown_not_read if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": fixture.value({"enabled": true})}, {})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": fixture.gap}, {"object_lock": fixture.absent})
}

test_not_applicable_source if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": fixture.absent}, {"object_lock": fixture.value({"enabled": true})})
}

test_not_applicable_not_enabled if {
	count(rule.answers) == 0 with input as fixture.doc({"object_lock": fixture.value({"enabled": false})}, {"object_lock": fixture.absent})
}
