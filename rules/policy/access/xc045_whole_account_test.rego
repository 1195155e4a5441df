package crosscheck.rules.access.whole_account_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.whole_account as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_other_action if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:GetObject")])})
}

test_pass_own_account if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "222222222222"}, "s3:*")])})
}

test_pass_nobody if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::111111111111:role/root"}, "s3:*")])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"key": "s3:ReplicateObject,arn:aws:iam::111111111111:root", "evidence": {"grant": {"actions": ["s3:ReplicateObject"], "conditions": 0, "name": "S", "principals": ["arn:aws:iam::111111111111:root"]}}}) with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::111111111111:root"}, "s3:ReplicateObject")])})
}

test_fail_id if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:ReplicateObject,s3:ReplicateDelete,111111111111"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:Replicate*")])})
}

test_fail_other_id if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:PutObject,900000000001"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "900000000001"}, "s3:PutObject")])})
}

test_fail_other_arn if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:PutObject,arn:aws-cn:iam::900000000001:root"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws-cn:iam::900000000001:root"}, "s3:PutObject")])})
}

test_fail_everybody if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:ReplicateObject,*"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow("*", "s3:ReplicateObject")])})
}

test_fail_once if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:ReplicateObject,111111111111,333333333333"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": ["111111111111", "333333333333"]}, "s3:ReplicateObject")])})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
