package crosscheck.rules.access.configuration_granted_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.configuration_granted as rule

test_pass if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::111111111111:role/x"}, "s3:Put*")])}, {})
}

test_pass_other_action if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"policy": fixture.policy([fixture.allow({"AWS": "222222222222"}, "s3:PutObject")])}, {})
}

test_pass_no_policy if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"policy": fixture.absent}, {})
}

test_fail if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "222222222222", "evidence": {"grant": {"actions": ["s3:PutReplicationConfiguration"], "conditions": 0, "name": "S", "principals": ["222222222222"]}}}) with input as fixture.doc({"policy": fixture.policy([fixture.allow({"AWS": "222222222222"}, "s3:Put*")])}, {})
}

test_fail_twice if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"222222222222", "333333333333"} with input as fixture.doc({"policy": fixture.policy([fixture.allow({"AWS": "222222222222"}, "s3:*"), fixture.allow({"AWS": "333333333333"}, "s3:*")])}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"policy": fixture.gap}, {})
}

test_not_applicable_no_facts if {
	count(rule.answers) == 0 with input as fixture.bare
}
