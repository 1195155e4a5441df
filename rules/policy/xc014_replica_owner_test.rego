package crosscheck.rules.xc014_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc014

test_pass_enforced if {
	fixture.status(xc014.answers) == "pass" with input as fixture.doc({}, {"ownership": {"value": "BucketOwnerEnforced"}})
}

test_pass_override if {
	fixture.status(xc014.answers) == "pass" with input as fixture.with_rule(fixture.doc({}, {"ownership": {"value": "ObjectWriter"}}), {"destination": {"owner_override": true}})
}

test_fail_writer if {
	fixture.status(xc014.answers) == "fail" with input as fixture.doc({}, {"ownership": {"value": "ObjectWriter"}})
}

test_fail_not_set if {
	fixture.status(xc014.answers) == "fail" with input as fixture.doc({}, {"ownership": {"absent": true}})
}

test_unknown if {
	count(xc014.answers) == 0 with input as fixture.bare
}
