package crosscheck.rules.xc049_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc049

test_pass if {
	fixture.status(xc049.answers) == "pass" with input as fixture.doc({}, {"request_payment": {"value": "BucketOwner"}})
}

test_fail if {
	fixture.status(xc049.answers) == "fail" with input as fixture.doc({}, {"request_payment": {"value": "Requester"}})
}

test_unknown if {
	count(xc049.answers) == 0 with input as fixture.bare
}
