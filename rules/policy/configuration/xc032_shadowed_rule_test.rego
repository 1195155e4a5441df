package crosscheck.rules.configuration.shadowed_rule_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.shadowed_rule as rule

test_pass_one if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1})]})}, {})
}

test_pass_one_answer if {
	count(rule.answers) == 1 with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1})]})}, {})
}

test_pass_other_destination if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2}), object.union(fixture.rule, {"id": "b", "priority": 1, "destination": {"bucket": "arn:aws:s3:::other"}})]})}, {})
}

test_pass_apart if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "prefix": "a/"}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "b/"})]})}, {})
}

test_pass_disabled if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "status": "Disabled"}), object.union(fixture.rule, {"id": "b", "priority": 1})]})}, {})
}

test_pass_same_priority if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1}), object.union(fixture.rule, {"id": "b", "priority": 1})]})}, {})
}

test_pass_other_tags if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "tags": {"k": "v"}}), object.union(fixture.rule, {"id": "b", "priority": 1, "tags": {"k": "w"}})]})}, {})
}

test_fail_whole if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "b", "evidence": {"rule": "b", "shadowed_by": "all"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "logs/"})]})}, {})
}

test_fail_whole_without_priority if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "b", "evidence": {"rule": "b", "shadowed_by": "all"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1}), object.union(fixture.rule, {"id": "b"})]})}, {})
}

test_fail_whole_by_tags if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "b", "evidence": {"rule": "b", "shadowed_by": "all"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "tags": {"k": "v"}}), object.union(fixture.rule, {"id": "b", "priority": 1, "tags": {"k": "v", "l": "w"}})]})}, {})
}

test_pass_excluded if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "exclude": {"prefixes": ["logs/"]}}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "logs/"})]})}, {})
}

test_fail_whole_excluded_by_both if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "b", "evidence": {"rule": "b", "shadowed_by": "all"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2, "exclude": {"prefixes": ["logs/x/"]}}), object.union(fixture.rule, {"id": "b", "priority": 1, "prefix": "logs/", "exclude": {"prefixes": ["logs/x"]}})]})}, {})
}

test_fail_part if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "all/b", "severity": "info", "evidence": {"rule": "all", "shadowed_by": "b"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1}), object.union(fixture.rule, {"id": "b", "priority": 2, "prefix": "logs/"})]})}, {})
}

test_fail_part_by_tags if {
	fixture.said(rule.answers) == fixture.bucket_failed({"key": "all/b", "severity": "info", "evidence": {"rule": "all", "shadowed_by": "b"}}) with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 1}), object.union(fixture.rule, {"id": "b", "priority": 2, "tags": {"k": "v"}})]})}, {})
}

test_fail_message if {
	[a.remediation | some a in rule.answers] == ["remove the rule b, or raise its priority above 2"] with input as fixture.doc({"replication": fixture.value({"rules": [object.union(fixture.rule, {"priority": 2}), object.union(fixture.rule, {"id": "b", "priority": 1})]})}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.doc({"replication": fixture.absent}, {})
}
