package crosscheck.rules.access.excess_control_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.excess_control as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_own_account if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "arn:aws:iam::222222222222:root"}, "s3:*")])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"key": "s3:PutBucketVersioning,arn:aws:iam::111111111111:role/repl", "evidence": {"grant": {"actions": ["s3:PutBucketVersioning"], "conditions": 0, "name": "S", "principals": [fixture.link.role_arn]}}}) with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:PutBucketVersioning", "s3:ReplicateObject"])])})
}

test_fail_wildcard if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:PutBucketVersioning,s3:PutLifecycleConfiguration,s3:PutReplicationConfiguration,s3:PutBucketPolicy,s3:PutEncryptionConfiguration,s3:PutBucketObjectLockConfiguration,s3:PutBucketOwnershipControls,s3:PutBucketPublicAccessBlock,*"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow("*", "s3:Put*")])})
}

test_fail_account if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:DeleteObject,111111111111"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:DeleteObject")])})
}

test_fail_every_action if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:PutBucketVersioning,s3:PutLifecycleConfiguration,s3:PutReplicationConfiguration,s3:PutBucketPolicy,s3:DeleteBucketPolicy,s3:PutEncryptionConfiguration,s3:PutBucketObjectLockConfiguration,s3:BypassGovernanceRetention,s3:PutBucketOwnershipControls,s3:PutBucketPublicAccessBlock,s3:DeleteBucket,s3:DeleteObject,s3:DeleteObjectVersion,111111111111"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:*")])})
}

test_fail_twice if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"s3:DeleteObject,111111111111", "s3:DeleteBucket,333333333333"} with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:DeleteObject"), fixture.allow({"AWS": "333333333333"}, "s3:DeleteBucket")])})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
