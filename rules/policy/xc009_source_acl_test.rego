package crosscheck.rules.xc009_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc009

test_pass if {
	fixture.status(xc009.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc009.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc009.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc009.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc009.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_s3_GetObjectVersionAcl if {
	{"link": fixture.link_id, "check": "source/s3:GetObjectVersionAcl"} in xc009.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
