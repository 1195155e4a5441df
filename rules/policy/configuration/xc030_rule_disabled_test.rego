package crosscheck.rules.configuration.rule_disabled_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.rule_disabled as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [fixture.rule]}}}, {})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"replication": {"value": {"rules": [fixture.rule, object.union(fixture.rule, {"id": "b", "status": "Disabled"})]}}}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.doc({"replication": {"absent": true}}, {})
}
