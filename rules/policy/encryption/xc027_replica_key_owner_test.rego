package crosscheck.rules.encryption.replica_key_owner_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_owner as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_key("replica", {"value": {"account_id": "222222222222"}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("replica", {"value": {"account_id": "111111111111", "manager": "AWS"}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", {"gap": {"code": "AccessDenied"}})
}

test_not_applicable_gone if {
	fixture.status(rule.answers) == "not_applicable" with input as fixture.with_key("replica", {"absent": true})
}
