package crosscheck.rules.organization.allowed_destination_test

import data.crosscheck.fixture
import data.crosscheck.rules.organization.allowed_destination as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["222222222222"], "regions": ["eu-west-1"], "other_account": true, "other_region": true}}
}

test_pass_nothing_wanted if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"account_id": "111111111111", "region": "us-east-1"}) with data.crosscheck.config as {"destinations": {"accounts": [], "regions": [], "other_account": false, "other_region": false}}
}

test_fail_account if {
	fixture.said(rule.answers) == fixture.failed({"key": "account"}) with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["333333333333"]}}
}

test_fail_region if {
	fixture.said(rule.answers) == fixture.failed({"key": "region"}) with input as fixture.bare with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}

test_fail_both if {
	fixture.said(rule.answers) == fixture.failed({"key": "account"}) | fixture.failed({"key": "region"}) with input as fixture.bare with data.crosscheck.config as {"destinations": {"accounts": ["333333333333"], "regions": ["us-west-2"]}}
}

test_fail_same_region if {
	fixture.said(rule.answers) == fixture.failed({"key": "other_region"}) with input as fixture.doc({}, {"region": "us-east-1"}) with data.crosscheck.config as {"destinations": {"other_region": true}}
}

test_fail_same_account if {
	fixture.said(rule.answers) == fixture.failed({"key": "other_account"}) with input as fixture.doc({}, {"account_id": "111111111111"}) with data.crosscheck.config as {"destinations": {"other_account": true}}
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare) with data.crosscheck.config as {"destinations": {"regions": ["us-west-2"]}}
}

test_unknown_account if {
	count(rule.answers) == 0 with input as json.remove(fixture.bare, ["/buckets/dst/value/account_id"]) with data.crosscheck.config as {"destinations": {"other_account": true}}
}

test_unknown_region if {
	count(rule.answers) == 0 with input as json.remove(fixture.bare, ["/buckets/dst/value/region"]) with data.crosscheck.config as {"destinations": {"other_region": true}}
}
