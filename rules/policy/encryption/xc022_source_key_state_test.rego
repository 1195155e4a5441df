package crosscheck.rules.encryption.source_key_state_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.source_key_state as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_key("source", fixture.value({"state": "Enabled"}))
}

test_fail_pending if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["SrcKmsKeyInvalidState"], "evidence": {"key": "k", "state": "PendingDeletion"}}) with input as fixture.with_key("source", fixture.value({"state": "PendingDeletion"}))
}

test_fail_gone if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["SrcKmsKeyInvalidState"], "evidence": {"key": "k"}}) with input as fixture.with_key("source", fixture.absent)
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("source", fixture.gap)
}
