package crosscheck.rules.organization.allowed_destination_test

import data.crosscheck.fixture
import data.crosscheck.rules.organization.allowed_destination as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["222222222222"], "regions": ["eu-west-1"], "other_account": true, "other_region": true}}
}

test_fail_account if {
	fixture.status(rule.answers) == "fail" with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["333333333333"]}}
}

test_fail_region if {
	fixture.status(rule.answers) == "fail" with input as fixture.bare with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}

test_fail_same_region if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"region": "us-east-1"}) with data.crosscheck.config as {"destinations": {"other_region": true}}
}

test_fail_same_account if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"account_id": "111111111111"}) with data.crosscheck.config as {"destinations": {"other_account": true}}
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare) with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}
