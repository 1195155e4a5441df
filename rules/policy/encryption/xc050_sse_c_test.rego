package crosscheck.rules.encryption.sse_c_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.sse_c as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"value": {"algorithm": "AES256"}}})
}

test_pass_both if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"gap": {"code": "AccessDenied"}}})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": {"gap": {"code": "AccessDenied"}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}
