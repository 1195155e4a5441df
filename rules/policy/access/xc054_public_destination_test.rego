package crosscheck.rules.access.public_destination_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.public_destination as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow("*", ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_one_organization if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([object.union(fixture.allow("*", ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]), {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}})])})
}

test_unknown if {
	fixture.said(rule.answers) == fixture.unknown({}) with input as fixture.doc({}, {"policy": fixture.policy([object.union(fixture.allow("*", ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]), {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceVpc": "vpc-1"}}})])})
}

test_unknown_gap if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
