package crosscheck.rules.xc006_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc006

test_pass if {
	fixture.status(xc006.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("trust/sts:AssumeRole", "allowed")
}

test_fail if {
	fixture.status(xc006.answers) == "fail" with input as fixture.bare with crosscheck.checks as fixture.checks("trust/sts:AssumeRole", "denied")
}

test_fail_names_the_code if {
	some a in xc006.answers with input as fixture.bare with crosscheck.checks as fixture.checks("trust/sts:AssumeRole", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc006.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("trust/sts:AssumeRole", "unknown")
}

test_unknown_without_answer if {
	count(xc006.answers) == 0 with input as fixture.bare with crosscheck.checks as {}
}

test_not_applicable if {
	count(xc006.answers) == 0 with input as fixture.no_links(fixture.bare)
}
