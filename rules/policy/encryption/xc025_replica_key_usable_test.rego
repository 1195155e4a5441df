package crosscheck.rules.encryption.replica_key_usable_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_usable as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_key("replica", {"value": {"state": "Enabled", "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT"}})
}

test_fail_state if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("replica", {"value": {"state": "Disabled"}})
}

test_fail_kind if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("replica", {"value": {"state": "Enabled", "spec": "RSA_2048", "usage": "SIGN_VERIFY"}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", {"gap": {"code": "AccessDenied"}})
}

test_not_applicable_gone if {
	fixture.status(rule.answers) == "not_applicable" with input as fixture.with_key("replica", {"absent": true})
}
