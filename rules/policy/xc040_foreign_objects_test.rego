package crosscheck.rules.xc040_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc040

test_pass if {
	fixture.status(xc040.answers) == "pass" with input as fixture.doc({"ownership": {"value": "BucketOwnerEnforced"}}, {})
}

test_fail if {
	fixture.status(xc040.answers) == "fail" with input as fixture.doc({"ownership": {"value": "ObjectWriter"}}, {})
}

test_fail_not_set if {
	fixture.status(xc040.answers) == "fail" with input as fixture.doc({"ownership": {"absent": true}}, {})
}

test_unknown if {
	count(xc040.answers) == 0 with input as fixture.doc({"ownership": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_without_links if {
	count(xc040.answers) == 0 with input as fixture.no_links(fixture.bare)
}
