package crosscheck.rules.encryption.kms_opt_in_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.kms_opt_in as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_rule(fixture.doc({"encryption": {"value": {"algorithm": "aws:kms"}}}, {}), {"sse_kms_objects": "Enabled"})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"encryption": {"value": {"algorithm": "aws:kms"}}}, {})
}

test_fail_dsse_disabled if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_rule(fixture.doc({"encryption": {"value": {"algorithm": "aws:kms:dsse"}}}, {}), {"sse_kms_objects": "Disabled"})
}

test_not_applicable if {
	fixture.status(rule.answers) == "not_applicable" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": {"gap": {"code": "AccessDenied"}}}, {})
}
