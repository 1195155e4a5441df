package crosscheck.rules.xc007_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc007

test_pass if {
	fixture.status(xc007.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc007.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc007.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc007.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc007.answers) == 2 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_s3_GetReplicationConfiguration if {
	{"link": fixture.link_id, "check": "source/s3:GetReplicationConfiguration"} in xc007.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_s3_ListBucket if {
	{"link": fixture.link_id, "check": "source/s3:ListBucket"} in xc007.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
