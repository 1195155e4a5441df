package crosscheck.rules.links.destination_exists_test

import data.crosscheck.fixture
import data.crosscheck.rules.links.destination_exists as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"failure_codes": ["DstBucketNotFound"], "evidence": {"destination": "dst"}}) with input as fixture.no_destination(fixture.bare)
}

said(destination) := {a.message | some a in answers} if {
	doc := json.patch(fixture.bare, [
		{"op": "replace", "path": "/links/0/destination", "value": destination},
		{"op": "add", "path": sprintf("/buckets/%s", [destination]), "value": {"absent": true}},
	])
	answers := rule.answers with input as doc
}

test_any_account_can_take_a_global_name if {
	every name in {"dst", "dst-222222222222-eu-west-1", "dst-22222222222-eu-west-1-an", "dst-222222222222-an", "222222222222-eu-west-1-an"} {
		said(name) == {sprintf("the destination bucket %s does not exist; any account can create a bucket of this name", [name])}
	}
}

test_no_other_account_can_take_a_name_of_a_namespace if {
	every name in {"dst-222222222222-eu-west-1-an", "a-b-222222222222-us-gov-west-1-an"} {
		said(name) == {sprintf("the destination bucket %s does not exist; only account 222222222222 can create a bucket of this name", [name])}
	}
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
