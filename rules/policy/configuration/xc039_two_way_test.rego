package crosscheck.rules.configuration.two_way_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.two_way as rule

# A document whose destination replicates to a bucket, with these settings of either direction.
two_way(bucket, forth, back) := fixture.with_rule(
	fixture.doc({}, {"replication": fixture.value({"rules": [{"status": "Enabled", "replica_modifications": back, "destination": {"bucket": bucket}}]})}),
	{"replica_modifications": forth},
)

# Two rules to the destination, of which the second has the setting, and one to another bucket.
several := json.patch(two_way("arn:aws:s3:::src", "", "Enabled"), [
	{"op": "add", "path": "/links/1", "value": {"id": "src/b→dst", "destination": "dst", "rule": object.union(fixture.rule, {"replica_modifications": "Enabled"})}},
	{"op": "add", "path": "/links/2", "value": {"id": "src/c→far", "destination": "far", "rule": fixture.rule}},
	{"op": "add", "path": "/buckets/far", "value": {"value": {"name": "far", "replication": fixture.absent}}},
])

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as two_way("arn:aws:s3:::src", "Enabled", "Enabled")
}

test_pass_neither if {
	fixture.said(rule.answers) == fixture.passed with input as two_way("arn:aws:s3:::src", "Disabled", "")
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as two_way("arn:aws:s3:::src", "", "Enabled")
}

test_fail_other_way if {
	fixture.said(rule.answers) == fixture.failed({}) with input as two_way("arn:aws:s3:::src", "Enabled", "Disabled")
}

test_not_applicable if {
	fixture.said(rule.answers) == fixture.not_applicable with input as two_way("arn:aws:s3:::far", "", "Enabled")
}

test_not_applicable_without_replication if {
	fixture.said(rule.answers) == fixture.not_applicable with input as fixture.doc({}, {"replication": fixture.absent})
}

test_not_applicable_disabled if {
	fixture.said(rule.answers) == fixture.not_applicable with input as json.patch(two_way("arn:aws:s3:::src", "", "Enabled"), [{"op": "replace", "path": "/buckets/dst/value/replication/value/rules/0/status", "value": "Disabled"}])
}

test_pass_by_another_rule if {
	fixture.said(rule.answers) == {{"link": fixture.link_id, "status": "pass"}, {"link": "src/b→dst", "status": "pass"}, {"link": "src/c→far", "status": "not_applicable"}} with input as several
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"replication": fixture.gap})
}
