package crosscheck.rules.xc012_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc012

test_pass if {
	fixture.status(xc012.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateObject", "allowed")
}

test_fail if {
	fixture.status(xc012.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateObject", "denied")
}

test_fail_names_the_code if {
	some a in xc012.answers with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateObject", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc012.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateObject", "unknown")
}

test_unknown_without_answer if {
	count(xc012.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc012.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
