package crosscheck.rules.xc010_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc010

test_pass if {
	fixture.status(xc010.answers) == "pass" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionTagging", "allowed")
}

test_fail_explicit if {
	fixture.status(xc010.answers) == "fail" with input as fixture.bare with crosscheck.checks as object.union(fixture.checks("source/s3:GetObjectVersionTagging", "denied"), {"source/s3:GetObjectVersionTagging": {"reason": "explicit_deny"}})
}

test_unknown if {
	fixture.status(xc010.answers) == "unknown" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionTagging", "unknown")
}

test_unknown_tagged_rule if {
	fixture.status(xc010.answers) == "unknown" with input as fixture.with_rule(fixture.bare, {"tags": {"a": "b"}}) with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionTagging", "denied")
}

test_not_applicable_untagged_rule if {
	fixture.status(xc010.answers) == "not_applicable" with input as fixture.bare with crosscheck.checks as fixture.checks("source/s3:GetObjectVersionTagging", "denied")
}

test_not_applicable_no_role if {
	fixture.status(xc010.answers) == "not_applicable" with input as fixture.no_role(fixture.bare) with crosscheck.checks as {}
}
