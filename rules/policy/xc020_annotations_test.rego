package crosscheck.rules.xc020_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc020

test_pass if {
	fixture.status(xc020.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x"}
}

test_fail if {
	fixture.status(xc020.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x"}
}

test_unknown if {
	fixture.status(xc020.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x"}
}

test_not_applicable if {
	fixture.status(xc020.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x"}
}

test_asks if {
	count(xc020.answers) == 2 with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_source_s3_GetObjectVersionAnnotationForReplication if {
	{"link": fixture.link_id, "check": "source/s3:GetObjectVersionAnnotationForReplication"} in xc020.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}

test_asks_destination_s3_ReplicateObjectAnnotation if {
	{"link": fixture.link_id, "check": "destination/s3:ReplicateObjectAnnotation"} in xc020.answers with input as fixture.bare with crosscheck.answer as fixture.echo
}
