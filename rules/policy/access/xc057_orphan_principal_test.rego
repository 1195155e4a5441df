package crosscheck.rules.access.orphan_principal_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.orphan_principal as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_in_a_condition if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([object.union(fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]), {"Condition": {"StringLike": {"aws:userid": "AROAEXAMPLEEXAMPLE111:*"}}})])})
}

test_pass_in_a_name if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::111111111111:role/AROAEXAMPLEEXAMPLE111"}, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"key": "AROAEXAMPLEEXAMPLE111"}) with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "AROAEXAMPLEEXAMPLE111"}, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_fail_twice if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"AROAEXAMPLEEXAMPLE111", "AIDAEXAMPLEEXAMPLE222"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": ["AROAEXAMPLEEXAMPLE111", "AIDAEXAMPLEEXAMPLE222"]}, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
