package crosscheck.rules.xc026_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc026

test_pass if {
	fixture.status(xc026.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc026.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc026.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc026.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc026.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_destination_key_kms_Encrypt if {
	{"link": fixture.link_id, "check": "destination_key/kms:Encrypt"} in xc026.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
