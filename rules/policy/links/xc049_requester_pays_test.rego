package crosscheck.rules.links.requester_pays_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.requester_pays as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"request_payment": {"value": "BucketOwner"}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"request_payment": {"value": "Requester"}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}
