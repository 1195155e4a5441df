package crosscheck.rules.xc008_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc008

test_pass if {
	fixture.status(xc008.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc008.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc008.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc008.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc008.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_s3_GetObjectVersionForReplication if {
	{"link": fixture.link_id, "check": "source/s3:GetObjectVersionForReplication"} in xc008.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
