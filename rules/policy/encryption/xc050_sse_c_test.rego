package crosscheck.rules.encryption.sse_c_test

import data.crosscheck.fixture
import data.crosscheck.rules.encryption.sse_c as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {"encryption": fixture.value({"algorithm": "AES256"})})
}

test_pass_both if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})}, {"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})})
}

test_pass_no_default if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"encryption": fixture.absent}, {"encryption": fixture.absent})
}

test_pass_others_blocked if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["NONE"]})})
}

test_pass_destination_not_needed if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})}, {"encryption": fixture.gap})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})})
}

test_fail_no_default if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.doc({"encryption": fixture.absent}, {"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": fixture.value({"algorithm": "AES256"})}, {"encryption": fixture.gap})
}

test_unknown_source if {
	count(rule.answers) == 0 with input as fixture.doc({"encryption": fixture.gap}, {"encryption": fixture.value({"algorithm": "AES256", "blocked_types": ["SSE-C"]})})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
