package crosscheck.rules.encryption.kms_opt_in_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.kms_opt_in as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.doc({"encryption": fixture.value({"algorithm": "aws:kms"})}, {}), {"sse_kms_objects": "Enabled"})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"algorithm": "aws:kms"}}) with input as fixture.doc({"encryption": fixture.value({"algorithm": "aws:kms"})}, {})
}

test_fail_dsse_disabled if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"algorithm": "aws:kms:dsse"}}) with input as fixture.with_rule(fixture.doc({"encryption": fixture.value({"algorithm": "aws:kms:dsse"})}, {}), {"sse_kms_objects": "Disabled"})
}

test_not_applicable if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {})
}

test_not_applicable_with_opt_in if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.with_rule(fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {}), {"sse_kms_objects": "Enabled"})
}

test_not_applicable_no_default if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({"encryption": fixture.absent}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": fixture.gap}, {})
}
