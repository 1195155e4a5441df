package crosscheck.rules.xc009_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc009

test_pass if {
	fixture.status(xc009.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionAcl", "allowed")
}

test_fail if {
	fixture.status(xc009.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionAcl", "denied")
}

test_fail_names_the_code if {
	some a in xc009.answers with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionAcl", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc009.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionAcl", "unknown")
}

test_unknown_without_answer if {
	count(xc009.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc009.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
