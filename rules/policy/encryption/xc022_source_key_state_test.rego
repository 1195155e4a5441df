package crosscheck.rules.encryption.source_key_state_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.source_key_state as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_key("source", {"value": {"state": "Enabled"}})
}

test_fail_pending if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("source", {"value": {"state": "PendingDeletion"}})
}

test_fail_gone if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_key("source", {"absent": true})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("source", {"gap": {"code": "AccessDenied"}})
}
