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

# An alias is looked up in the account of the source.
test_fail_alias if {
	every name, how in {"alias/backup": ", which S3 looks for in the account of the source", "arn:aws:kms:eu-west-1:111111111111:alias/backup": ""} {
		key := fixture.value({"account_id": "111111111111", "manager": "CUSTOMER"})
		document := json.patch(fixture.with_key("replica", key), [
			{"op": "replace", "path": "/links/0/replica_key", "value": name},
			{"op": "replace", "path": "/keys", "value": {name: key}},
		])
		{a.message | some a in rule.answers with input as document} == {sprintf("arrives, unreadable at the destination: replicas are encrypted with the key %s%s, which account 222222222222 can use only while account 111111111111 allows it", [name, how])}
	}
}

# The key that is related to the source's is not named: a rule has the one or the other.
test_remediation if {
	every related, words in {"true": "in ReplicaKmsKeyID, and remove UseSourceMultiRegionKey", "false": "in ReplicaKmsKeyID"} {
		document := json.patch(
			fixture.with_key("replica", fixture.value({"account_id": "111111111111", "manager": "CUSTOMER"})),
			[{"op": "add", "path": "/links/0/rule/destination", "value": {"related_key": related == "true"}}],
		)
		{a.remediation | some a in rule.answers with input as document} == {sprintf("name the ARN of a customer managed key of account 222222222222 %s", [words])}
	}
}
