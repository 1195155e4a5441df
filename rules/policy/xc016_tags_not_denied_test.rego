package crosscheck.rules.xc016_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc016

test_pass if {
	fixture.status(xc016.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateTags", "allowed")
}

test_fail if {
	fixture.status(xc016.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateTags", "denied")
}

test_fail_names_the_code if {
	some a in xc016.answers with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateTags", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc016.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("destination/s3:ReplicateTags", "unknown")
}

test_unknown_without_answer if {
	count(xc016.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc016.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
