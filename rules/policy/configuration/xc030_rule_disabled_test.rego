package crosscheck.rules.configuration.rule_disabled_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.rule_disabled as rule

test_pass if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [fixture.rule]})}, {})
}

test_fail if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "b", "evidence": {"rule": "b", "destination": "arn:aws:s3:::dst"}}) with input as fixture.doc({"replication": fixture.value({"rules": [fixture.rule, object.union(fixture.rule, {"id": "b", "status": "Disabled"})]})}, {})
}

test_fail_twice if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"b", "c"} with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"id": "b", "status": "Disabled"}), object.union(fixture.rule, {"id": "c", "status": "Disabled"})]})}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_unknown_gap if {
	count(rule.answers) == 0 with input as fixture.doc({"replication": fixture.gap}, {})
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.doc({"replication": fixture.absent}, {})
}
