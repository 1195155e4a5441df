package crosscheck.rules.links.requester_pays_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.requester_pays as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"request_payment": fixture.value("BucketOwner")})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({}, {"request_payment": fixture.value("Requester")})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"request_payment": fixture.gap})
}

test_unknown_payer if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"request_payment": fixture.value("Somebody")})
}

test_not_applicable_one_account if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"account_id": "111111111111", "request_payment": fixture.value("Requester")})
}
