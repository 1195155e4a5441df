package crosscheck.rules.encryption.replica_key_exists_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.replica_key_exists as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_key("replica", fixture.value({"region": "eu-west-1"}))
}

test_fail_region if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstKmsKeyNotFound"], "evidence": {"key": "k", "key_region": "us-east-1", "destination_region": "eu-west-1"}}) with input as fixture.with_key("replica", fixture.value({"region": "us-east-1"}))
}

test_fail_gone if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstKmsKeyNotFound"], "evidence": {"key": "k"}}) with input as fixture.with_key("replica", fixture.absent)
}

test_fail_related if {
	missing := json.patch(fixture.with_key("replica", fixture.absent), [
		{"op": "add", "path": "/links/0/rule/destination/related_key", "value": true},
		{"op": "add", "path": "/links/0/source_key", "value": "mrk-1"},
	])
	{a.remediation | some a in rule.answers} == {"replicate the multi-Region key mrk-1 to eu-west-1"} with input as missing
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.with_key("replica", fixture.gap)
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.with_key("replica", fixture.value({"region": "x"})))
}

# A key that is named without its account is one of the source.
test_fail_gone_says_where if {
	every name, where in {
		"alias/backup": " in account 111111111111 of the source, where S3 looks for it",
		"arn:aws:kms:eu-west-1:222222222222:alias/backup": "",
	} {
		document := json.patch(fixture.with_key("replica", fixture.absent), [
			{"op": "replace", "path": "/links/0/replica_key", "value": name},
			{"op": "replace", "path": "/keys", "value": {name: fixture.absent}},
		])
		{a.message | some a in rule.answers with input as document} == {sprintf("the key %s for replicas does not exist%s", [name, where])}
	}
}
