package crosscheck.rules.ownership.replica_owner_test

import data.crosscheck.fixture
import data.crosscheck.rules.ownership.replica_owner as rule

test_pass_enforced if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"ownership": fixture.value("BucketOwnerEnforced")})
}

test_pass_override if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.doc({}, {"ownership": fixture.value("ObjectWriter")}), {"destination": {"owner_override": true}})
}

test_fail_writer if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"ownership": "ObjectWriter", "owner_override": false}}) with input as fixture.doc({}, {"ownership": fixture.value("ObjectWriter")})
}

test_fail_not_set if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"ownership": "not set", "owner_override": false}}) with input as fixture.doc({}, {"ownership": fixture.absent})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"ownership": fixture.gap})
}

test_unknown_not_read if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}
