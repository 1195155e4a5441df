package crosscheck.rules.links.destination_exists_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.destination_exists as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstBucketNotFound"], "evidence": {"destination": "dst"}}) with input as fixture.no_destination(fixture.bare)
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
