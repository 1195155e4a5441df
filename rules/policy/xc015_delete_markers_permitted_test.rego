package crosscheck.rules.xc015_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc015

test_pass if {
	fixture.status(xc015.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateDelete", "allowed")
}

test_fail if {
	fixture.status(xc015.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateDelete", "denied")
}

test_fail_names_the_code if {
	some a in xc015.answers with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateDelete", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc015.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateDelete", "unknown")
}

test_unknown_without_answer if {
	count(xc015.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc015.answers) == "not_applicable" with input as fixture.with_rule(fixture.bare, {"delete_markers": "Disabled"}) with crosscheck.checks as {}
}
