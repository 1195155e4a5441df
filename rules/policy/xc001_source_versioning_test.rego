package crosscheck.rules.xc001_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc001

test_pass if {
	fixture.status(xc001.answers) == "pass" with input as fixture.doc({"versioning": {"value": {"status": "Enabled"}}}, {})
}

test_fail_suspended if {
	fixture.status(xc001.answers) == "fail" with input as fixture.doc({"versioning": {"value": {"status": "Suspended"}}}, {})
}

test_fail_never_enabled if {
	fixture.status(xc001.answers) == "fail" with input as fixture.doc({"versioning": {"value": {"status": ""}}}, {})
}

test_unknown if {
	count(xc001.answers) == 0 with input as fixture.bare
}

test_not_applicable_without_links if {
	count(xc001.answers) == 0 with input as fixture.no_links(fixture.bare)
}
