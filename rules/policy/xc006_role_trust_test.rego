package crosscheck.rules.xc006_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc006

test_pass if {
	fixture.status(xc006.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc006.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc006.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc006.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc006.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_trust_sts_AssumeRole if {
	{"link": fixture.link_id, "check": "trust/sts:AssumeRole"} in xc006.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
