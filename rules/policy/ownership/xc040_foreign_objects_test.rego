package crosscheck.rules.ownership.foreign_objects_test

import data.crosscheck.fixture
import data.crosscheck.rules.ownership.foreign_objects as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({"ownership": fixture.value("BucketOwnerEnforced")}, {})
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["SrcGetAclNotPermitted"], "evidence": {"ownership": "ObjectWriter"}}) with input as fixture.doc({"ownership": fixture.value("ObjectWriter")}, {})
}

test_fail_not_set if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["SrcGetAclNotPermitted"], "evidence": {"ownership": "not set"}}) with input as fixture.doc({"ownership": fixture.absent}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"ownership": fixture.gap}, {})
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
