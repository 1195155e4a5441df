package crosscheck.rules.encryption.replica_key_owner_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_owner as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_key("replica", fixture.value({"account_id": "222222222222", "manager": "CUSTOMER"}))
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"key": "k", "key_account": "111111111111", "key_manager": "AWS"}}) with input as fixture.with_key("replica", fixture.value({"account_id": "111111111111", "manager": "AWS"}))
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", fixture.gap)
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.with_key("replica", fixture.value({"account_id": "222222222222"})))
}

test_not_applicable_gone if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.with_key("replica", fixture.absent)
}
