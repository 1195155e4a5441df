package crosscheck.rules.xc012_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc012

test_pass if {
	fixture.status(xc012.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc012.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc012.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc012.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc012.answers) == 1 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_destination_s3_ReplicateObject_resource if {
	{"link": fixture.link_id, "check": "destination/s3:ReplicateObject/resource"} in xc012.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
