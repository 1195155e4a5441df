package crosscheck.rules.xc008_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc008

test_pass if {
	fixture.status(xc008.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionForReplication", "allowed")
}

test_fail if {
	fixture.status(xc008.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionForReplication", "denied")
}

test_fail_names_the_code if {
	some a in xc008.answers with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionForReplication", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc008.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionForReplication", "unknown")
}

test_unknown_without_answer if {
	count(xc008.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc008.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
