package crosscheck.rules.xc050_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc050

test_pass if {
	fixture.status(xc050.answers) == "pass" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"value": {"algorithm": "AES256"}}})
}

test_pass_both if {
	fixture.status(xc050.answers) == "pass" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}

test_fail if {
	fixture.status(xc050.answers) == "fail" with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}

test_unknown_destination if {
	count(xc050.answers) == 0 with input as fixture.doc({"encryption": {"value": {"algorithm": "AES256"}}}, {"encryption": {"gap": {"code": "AccessDenied"}}})
}

test_unknown_source if {
	count(xc050.answers) == 0 with input as fixture.doc({"encryption": {"gap": {"code": "AccessDenied"}}}, {"encryption": {"value": {"algorithm": "AES256", "blocked_types": ["SSE-C"]}}})
}
