package crosscheck.rules.configuration.chain_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.chain as rule

# A document whose destination replicates to a bucket.
to(bucket, status) := fixture.doc({}, {"replication": fixture.value({"rules": [{"status": status, "destination": {"bucket": bucket}}]})})

# A link of the source to that bucket.
far := {"id": "src/far→far", "destination": "far", "rule": object.union(fixture.rule, {"id": "far", "destination": {"bucket": "arn:aws:s3:::far"}})}

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.doc({}, {"replication": fixture.absent})
}

test_pass_disabled if {
	fixture.said(rule.answers) == fixture.passed with input as to("arn:aws:s3:::far", "Disabled")
}

test_pass_two_way if {
	fixture.said(rule.answers) == fixture.passed with input as to("arn:aws:s3:::src", "Enabled")
}

test_pass_directly_too if {
	fixture.said(rule.answers) == {{"link": fixture.link_id, "status": "pass"}} with input as json.patch(to("arn:aws:s3:::far", "Enabled"), [{"op": "add", "path": "/links/1", "value": far}])
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({"key": "far", "evidence": {"from": "src", "to": "far"}}) with input as to("arn:aws:s3:::far", "Enabled")
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"replication": fixture.gap})
}

test_unknown_destination if {
	count(rule.answers) == 0 with input as fixture.gap_destination(fixture.bare)
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
