package crosscheck.rules.protection.replicas_expire_test

import data.crosscheck.fixture
import data.crosscheck.rules.protection.replicas_expire as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.absent})
}

test_pass_source_first if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 60}])})
}

test_pass_together if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_pass_narrower_copy if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "prefix": "logs/"}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "prefix": "logs/old/"}])})
}

test_pass_other_prefix if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "prefix": "tmp/", "expiration_days": 1}])}), {"prefix": "data/"})
}

test_pass_excluded if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "prefix": "tmp/x", "expiration_days": 1}])}), {"exclude": {"prefixes": ["tmp/"]}})
}

test_pass_other_tag if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.with_rule(fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "tags": {"team": "b"}, "expiration_days": 1}])}), {"tags": {"team": "a"}})
}

test_pass_disabled if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Disabled", "expiration_days": 30}])})
}

test_pass_transition if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "transition_days": 1, "expiration_days": 0}])})
}

test_fail if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_evidence if {
	fixture.said(rule.answers) == fixture.failed({"key": "x", "evidence": {"lifecycle_rule": {"id": "x", "status": "Enabled", "expiration_days": 30}}}) with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_one_day if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 1}])})
}

test_fail_without_id if {
	{a.key | some a in rule.answers; a.status == "fail"} == {""} with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"status": "Enabled", "expiration_days": 30}])})
}

test_fail_by_date if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_date": "2026-01-01"}])})
}

test_fail_earlier if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 10}])})
}

test_fail_source_disabled if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Disabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_source_elsewhere if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "prefix": "logs/"}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_source_of_some_tags if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "tags": {"a": "b"}}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_pass_same_sizes if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 10, "size_less_than": 100}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 10, "size_less_than": 100}])})
}

test_pass_fewer_sizes if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 10, "size_less_than": 100}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 11, "size_less_than": 99}])})
}

test_pass_some_sizes if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 11, "size_less_than": 99}])})
}

test_fail_source_of_large if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 10}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_source_of_larger if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 11}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_greater_than": 10}])})
}

test_fail_source_of_small if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_less_than": 100}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])})
}

test_fail_source_of_smaller if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.doc({"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_less_than": 99}])}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30, "size_less_than": 100}])})
}

test_fail_wider_copy if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.with_rule(fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "prefix": "data/old/", "expiration_days": 1}])}), {"prefix": "data/"})
}

test_fail_all_copies if {
	{a.key | some a in rule.answers; a.status == "fail"} == {"x"} with input as fixture.with_rule(fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.value([{"id": "x", "status": "Enabled", "expiration_days": 30}])}), {"prefix": "data/"})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": fixture.absent}, {"lifecycle": fixture.gap})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"lifecycle": fixture.gap}, {"lifecycle": fixture.absent})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
