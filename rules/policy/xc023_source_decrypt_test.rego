package crosscheck.rules.xc023_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc023

test_pass if {
	fixture.status(xc023.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc023.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc023.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc023.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc023.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_key_kms_Decrypt if {
	{"link": fixture.link_id, "check": "source_key/kms:Decrypt"} in xc023.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
