package crosscheck.rules.encryption.kms_left_out_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.kms_left_out as rule

sse_s3 := fixture.value({"algorithm": "AES256"})

both := fixture.failed({"evidence": {"algorithms": ["aws:kms", "aws:kms:dsse"]}})

# A document whose source policy denies writes under a condition.
denying(more) := fixture.doc(
	{"encryption": sse_s3, "policy": fixture.policy([object.union(
		{
			"Effect": "Deny",
			"Principal": "*",
			"Action": "s3:PutObject",
			"Resource": "arn:aws:s3:::src/*",
		},
		more,
	)])},
	{},
)

only_s3 := {"Condition": {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}}}

test_fail if {
	fixture.said(rule.answers) == both with input as fixture.doc({"encryption": sse_s3, "policy": fixture.absent}, {})
}

test_fail_no_default if {
	fixture.said(rule.answers) == both with input as fixture.doc({"encryption": fixture.absent, "policy": fixture.absent}, {})
}

test_fail_opt_in_disabled if {
	fixture.said(rule.answers) == both with input as fixture.with_rule(fixture.doc({"encryption": sse_s3, "policy": fixture.absent}, {}), {"sse_kms_objects": "Disabled"})
}

test_fail_another_condition if {
	fixture.said(rule.answers) == both with input as denying({"Condition": {"Bool": {"aws:SecureTransport": "false"}}})
}

test_fail_one_algorithm if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"algorithms": ["aws:kms:dsse"]}}) with input as denying({"Condition": {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}})
}

# Those whom the Deny leaves out may choose KMS.
test_fail_some_writers if {
	every more in [
		{"Condition": object.union(only_s3.Condition, {"StringNotEquals": {"aws:PrincipalTag/team": "data"}})},
		{"Condition": object.union(only_s3.Condition, {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}})},
		{"Condition": object.union(only_s3.Condition, {"StringNotEquals": {"AWS:username": "admin"}})},
		object.union(only_s3, {"Principal": fixture.role}),
		object.union(only_s3, {"Resource": "arn:aws:s3:::src/logs/*"}),
		object.union(only_s3, {"Effect": "Allow"}),
	] {
		fixture.said(rule.answers) == both with input as denying(more)
	}
}

test_fail_some_writers_not_principal if {
	document := json.patch(denying({}), [{
		"op": "replace",
		"path": "/bucket/policy",
		"value": fixture.policy([object.union(only_s3, {"Effect": "Deny", "NotPrincipal": fixture.role, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::src/*"})]),
	}])
	fixture.said(rule.answers) == both with input as document
}

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as denying(only_s3)
}

# A Deny of the account is one of every principal in it.
test_pass_account if {
	fixture.said(rule.answers) == fixture.passed with input as denying(object.union(only_s3, {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}))
}

test_pass_key_in_another_case if {
	fixture.said(rule.answers) == fixture.passed with input as denying({"Condition": {"StringLike": {"S3:X-Amz-Server-Side-Encryption": "aws:kms*"}}})
}

test_not_applicable_opt_in if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.with_rule(fixture.doc({"encryption": sse_s3, "policy": fixture.absent}, {}), {"sse_kms_objects": "Enabled"})
}

test_not_applicable_opt_in_under_kms if {
	document := fixture.doc({"encryption": fixture.value({"algorithm": "aws:kms"}), "policy": fixture.absent}, {})
	{a.message | some a in rule.answers} == {"the rule replicates objects under KMS"} with input as fixture.with_rule(document, {"sse_kms_objects": "Enabled"})
}

test_not_applicable_no_objects if {
	{a.status | some a in rule.answers} == {"not_applicable"} with input as fixture.with_rule(fixture.doc({"encryption": sse_s3, "policy": fixture.absent}, {}), {"tags": {"a": "b"}, "exclude": {"tags": [{"key": "a", "value": "b"}]}})
}

test_not_applicable_default if {
	every algorithm in ["aws:kms", "aws:kms:dsse"] {
		fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({"encryption": fixture.value({"algorithm": algorithm}), "policy": fixture.absent}, {})
	}
}

test_unknown_encryption if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": fixture.gap, "policy": fixture.absent}, {})
}

test_unknown_policy if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": sse_s3, "policy": fixture.gap}, {})
}
