package crosscheck.rules.configuration.chain_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.chain as rule

# A document whose destination replicates to a bucket.
to(bucket, status) := fixture.doc({}, {"replication": {"value": {"rules": [{"status": status, "destination": {"bucket": bucket}}]}}})

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"replication": {"absent": true}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as to("arn:aws:s3:::far", "Enabled")
}

test_fail_names_the_end if {
	some a in rule.answers with input as to("arn:aws:s3:::far", "Enabled")
	a.evidence == {"from": "src", "to": "far"}
	a.key == "far"
}

test_pass_disabled if {
	fixture.status(rule.answers) == "pass" with input as to("arn:aws:s3:::far", "Disabled")
}

test_pass_two_way if {
	fixture.status(rule.answers) == "pass" with input as to("arn:aws:s3:::src", "Enabled")
}

test_pass_directly_too if {
	d := to("arn:aws:s3:::far", "Enabled")
	far := {"id": "src/far→far", "destination": "far", "rule": object.union(fixture.rule, {"id": "far", "destination": {"bucket": "arn:aws:s3:::far"}})}
	some a in rule.answers with input as json.patch(d, [{"op": "add", "path": "/links/1", "value": far}])
	a.link == fixture.link_id
	a.status == "pass"
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"replication": {"gap": {"code": "AccessDenied"}}})
}
