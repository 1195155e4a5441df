package crosscheck.rules.access.confused_deputy_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.confused_deputy as rule

s3 := {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_trust([object.union(s3, {"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}})])
}

test_pass_arn if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_trust([object.union(s3, {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::src"}}})])
}

test_pass_another_service if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_trust([object.union(s3, {"Principal": {"Service": "ec2.amazonaws.com"}})])
}

test_pass_denied if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_trust([object.union(s3, {"Effect": "Deny"})])
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.with_trust([s3])
}

test_fail_another_condition if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.with_trust([object.union(s3, {"Condition": {"StringEquals": {"aws:PrincipalType": "Service"}}})])
}

test_fail_one_of_two if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.with_trust([object.union(s3, {"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}), s3])
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_role(fixture.bare)
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
