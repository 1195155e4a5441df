package crosscheck.rules.encryption.replica_key_usable_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_usable as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_key("replica", fixture.value({"state": "Enabled", "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT"}))
}

test_fail_state if {
	fixture.said(rule.answers) == fixture.failed({"key": "state", "failure_codes": ["DstKmsKeyInvalidState"], "evidence": {"key": "k", "state": "Disabled"}}) with input as fixture.with_key("replica", fixture.value({"state": "Disabled", "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT"}))
}

test_fail_kind if {
	fixture.said(rule.answers) == fixture.failed({"key": "kind", "evidence": {"key": "k", "spec": "RSA_2048", "usage": "SIGN_VERIFY"}}) with input as fixture.with_key("replica", fixture.value({"state": "Enabled", "spec": "RSA_2048", "usage": "SIGN_VERIFY"}))
}

test_fail_both if {
	fixture.said(rule.answers) == fixture.failed({"key": "state", "failure_codes": ["DstKmsKeyInvalidState"], "evidence": {"key": "k", "state": "Disabled"}}) | fixture.failed({"key": "kind", "evidence": {"key": "k", "spec": "RSA_2048", "usage": "SIGN_VERIFY"}}) with input as fixture.with_key("replica", fixture.value({"state": "Disabled", "spec": "RSA_2048", "usage": "SIGN_VERIFY"}))
}

test_unknown_kind if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", fixture.value({"state": "Enabled"}))
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", fixture.gap)
}

test_not_applicable_gone if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.with_key("replica", fixture.absent)
}

# A key that is related to the source's is not named.
test_remediation if {
	document := json.patch(
		fixture.with_key("replica", fixture.value({"state": "Disabled", "spec": "RSA_2048", "usage": "SIGN_VERIFY"})),
		[{"op": "add", "path": "/links/0/rule/destination", "value": {"related_key": true}}],
	)
	{a.remediation | some a in rule.answers with input as document} == {
		"enable the key k, or name another one in ReplicaKmsKeyID, and remove UseSourceMultiRegionKey",
		"name a symmetric encryption key in ReplicaKmsKeyID, and remove UseSourceMultiRegionKey",
	}
}
