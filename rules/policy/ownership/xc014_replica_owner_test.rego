package crosscheck.rules.ownership.replica_owner_test

import data.crosscheck.fixture
import data.crosscheck.rules.ownership.replica_owner as rule

test_pass_enforced if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"ownership": {"value": "BucketOwnerEnforced"}})
}

test_pass_override if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_rule(fixture.doc({}, {"ownership": {"value": "ObjectWriter"}}), {"destination": {"owner_override": true}})
}

test_fail_writer if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"ownership": {"value": "ObjectWriter"}})
}

test_fail_not_set if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"ownership": {"absent": true}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}
