package crosscheck.rules.xc021_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc021

test_pass if {
	fixture.status(xc021.answers) == "pass" with input as fixture.with_rule(fixture.doc({"encryption": {"value": {"algorithm": "aws:kms"}}}, {}), {"sse_kms_objects": "Enabled"})
}

test_fail if {
	fixture.status(xc021.answers) == "fail" with input as fixture.doc({"encryption": {"value": {"algorithm": "aws:kms"}}}, {})
}

test_fail_dsse_disabled if {
	fixture.status(xc021.answers) == "fail" with input as fixture.with_rule(fixture.doc({"encryption": {"value": {"algorithm": "aws:kms:dsse"}}}, {}), {"sse_kms_objects": "Disabled"})
}

test_not_applicable if {
	fixture.status(xc021.answers) == "not_applicable" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {})
}

test_unknown if {
	count(xc021.answers) == 0 with input as fixture.doc({"encryption": {"gap": {"code": "AccessDenied"}}}, {})
}
