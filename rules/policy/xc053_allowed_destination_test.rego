package crosscheck.rules.xc053_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc053

test_pass if {
	fixture.status(xc053.answers) == "pass" with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["222222222222"], "regions": ["eu-west-1"], "other_account": true, "other_region": true}}
}

test_fail_account if {
	fixture.status(xc053.answers) == "fail" with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["333333333333"]}}
}

test_fail_region if {
	fixture.status(xc053.answers) == "fail" with input as fixture.bare with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}

test_fail_same_region if {
	fixture.status(xc053.answers) == "fail" with input as fixture.doc({}, {"region": "us-east-1"}) with data.crosscheck.config as {"destinations": {"other_region": true}}
}

test_fail_same_account if {
	fixture.status(xc053.answers) == "fail" with input as fixture.doc({}, {"account_id": "111111111111"}) with data.crosscheck.config as {"destinations": {"other_account": true}}
}

test_unknown if {
	count(xc053.answers) == 0 with input as fixture.gap_destination(fixture.bare) with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}
