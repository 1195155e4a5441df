package crosscheck.rules.encryption.replica_key_exists_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_exists as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_key("replica", {"value": {"region": "eu-west-1"}})
}

test_fail_region if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("replica", {"value": {"region": "us-east-1"}})
}

test_fail_gone if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("replica", {"absent": true})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", {"gap": {"code": "AccessDenied"}})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.with_key("replica", {"value": {"region": "x"}}))
}
