package crosscheck.rules.access.excess_list_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.excess_list as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_own_account if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::222222222222:root"}, "s3:List*")])})
}

test_fail if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:ListBucket,s3:ListBucketVersions,s3:ListBucketMultipartUploads,arn:aws:iam::111111111111:role/repl"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, "s3:List*")])})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
