package crosscheck.rules.xc010_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc010

test_pass if {
	fixture.status(xc010.answers) == "pass" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "pass", "message": "x", "remediation": "y", "evidence": {"check": {"reason": ""}}}
}

test_fail_explicit if {
	fixture.status(xc010.answers) == "fail" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x", "remediation": "y", "evidence": {"check": {"reason": "explicit_deny"}}}
}

test_unknown if {
	fixture.status(xc010.answers) == "unknown" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "unknown", "message": "x", "remediation": "y", "evidence": {"check": {"reason": "unknown"}}}
}

test_unknown_tagged_rule if {
	fixture.status(xc010.answers) == "unknown" with input as fixture.with_rule(fixture.bare, {"tags": {"a": "b"}}) with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x", "remediation": "y", "evidence": {"check": {"reason": "implicit_deny"}}}
}

test_not_applicable_untagged_rule if {
	fixture.status(xc010.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "fail", "message": "x", "remediation": "y", "evidence": {"check": {"reason": "implicit_deny"}}}
}

test_not_applicable_no_role if {
	fixture.status(xc010.answers) == "not_applicable" with input as fixture.bare with crosscheck.answer as {"link": fixture.link_id, "status": "not_applicable", "message": "x", "remediation": "y", "evidence": {"check": {"reason": ""}}}
}
