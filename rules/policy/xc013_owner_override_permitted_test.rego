package crosscheck.rules.xc013_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc013

test_pass if {
	fixture.status(xc013.answers) == "pass" with input as fixture.with_rule(fixture.bare, {"destination": {"owner_override": true}}) with crosscheck.checks as fixture.checks("destination/s3:ObjectOwnerOverrideToBucketOwner", "allowed")
}

test_fail if {
	fixture.status(xc013.answers) == "fail" with input as fixture.with_rule(fixture.bare, {"destination": {"owner_override": true}}) with crosscheck.checks as fixture.checks("destination/s3:ObjectOwnerOverrideToBucketOwner", "denied")
}

test_fail_names_the_code if {
	some a in xc013.answers with input as fixture.with_rule(fixture.bare, {"destination": {"owner_override": true}}) with crosscheck.checks as fixture.checks("destination/s3:ObjectOwnerOverrideToBucketOwner", "denied")
	a.failure_codes == ["DstPutObjectNotPermitted"]
	a.remediation == "allow it"
}

test_unknown if {
	fixture.status(xc013.answers) == "unknown" with input as fixture.with_rule(fixture.bare, {"destination": {"owner_override": true}}) with crosscheck.checks as fixture.checks("destination/s3:ObjectOwnerOverrideToBucketOwner", "unknown")
}

test_unknown_without_answer if {
	count(xc013.answers) == 0 with input as fixture.with_rule(fixture.bare, {"destination": {"owner_override": true}}) with crosscheck.checks as {}
}

test_not_applicable if {
	fixture.status(xc013.answers) == "not_applicable" with input as fixture.doc({}, {"ownership": {"value": "BucketOwnerEnforced"}}) with crosscheck.checks as {}
}
