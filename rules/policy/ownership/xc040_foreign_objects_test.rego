package crosscheck.rules.ownership.foreign_objects_test

import data.crosscheck.fixture
import data.crosscheck.rules.ownership.foreign_objects as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"ownership": {"value": "BucketOwnerEnforced"}}, {})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"ownership": {"value": "ObjectWriter"}}, {})
}

test_fail_not_set if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"ownership": {"absent": true}}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"ownership": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
