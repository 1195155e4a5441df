package crosscheck.rules.access.tags_granted_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.tags_granted as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])])})
}

test_pass_wildcard if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow({"AWS": "111111111111"}, "s3:Replicate*")])})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({}, {"policy": fixture.policy([fixture.allow(fixture.role, ["s3:ReplicateObject"])])})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
