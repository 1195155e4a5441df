package crosscheck.rules.links.source_versioning_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.source_versioning as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"versioning": fixture.value({"status": "Enabled"})}, {})
}

test_fail_suspended if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"versioning": "suspended"}}) with input as fixture.doc({"versioning": fixture.value({"status": "Suspended"})}, {})
}

test_fail_never_enabled if {
	fixture.said(rule.answers) == fixture.failed({"evidence": {"versioning": "not enabled"}}) with input as fixture.doc({"versioning": fixture.value({"status": ""})}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.bare
}

test_unknown_gap if {
	count(rule.answers) == 0 with input as fixture.doc({"versioning": fixture.gap}, {})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
