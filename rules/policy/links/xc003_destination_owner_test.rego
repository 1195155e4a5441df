package crosscheck.rules.links.destination_owner_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.destination_owner as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_unknown_another_owner if {
	fixture.said(rule.answers) == fixture.unknown({"contested": true, "evidence": {"named": "222222222222", "owner": "333333333333"}}) with input as fixture.doc({}, {"account_id": "333333333333"})
}

test_fail_when_strict if {
	some a in rule.answers with input as fixture.doc({}, {"account_id": "333333333333"})
	a.contested
}

test_unknown_owner if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"account_id": ""})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_no_account if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.with_rule(fixture.bare, {"destination": {"account": ""}})
}

test_not_applicable_no_account_in_rule if {
	fixture.said(rule.answers) == fixture.not_applicable with input as json.remove(fixture.bare, ["/links/0/rule/destination/account"])
}
