package crosscheck.rules.configuration.shadowed_rule_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.shadowed_rule as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 1})]}}}, {})
}

test_pass_other_destination if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 2}), object.union(fixture.rule, {"id": "b", "priority": 1, "destination": {"bucket": "arn:aws:s3:::other"}})]}}}, {})
}

test_pass_apart if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 2, "prefix": "a/"}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "b/"})]}}}, {})
}

test_pass_disabled if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 2, "status": "Disabled"}), object.union(fixture.rule, {"id": "b", "priority": 1})]}}}, {})
}

test_fail_whole if {
	some a in rule.answers with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 2}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "logs/"})]}}}, {})
	a.status == "fail"
	a.key == "b"
}

test_fail_part if {
	some a in rule.answers with input as fixture.doc({"replication": {"value": {"rules": [object.union(fixture.rule, {"priority": 1}), object.union(fixture.rule, {"id": "b", "priority": 2, "prefix": "logs/"})]}}}, {})
	a.status == "fail"
	a.severity == "info"
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_not_applicable if {
	count(rule.answers) == 0 with input as fixture.doc({"replication": {"absent": true}}, {})
}
