package crosscheck.rules.xc007_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc007

test_pass if {
	fixture.status(xc007.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:ListBucket", "allowed")
}

test_fail if {
	fixture.status(xc007.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:ListBucket", "denied")
}

test_fail_names_the_code if {
	some a in xc007.answers with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:ListBucket", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc007.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:ListBucket", "unknown")
}

test_unknown_without_answer if {
	count(xc007.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc007.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
