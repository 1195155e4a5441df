package crosscheck.rules.configuration.two_way_test

import data.crosscheck.fixture
import data.crosscheck.rules.configuration.two_way as rule

# A document whose destination replicates to a bucket, with these settings of either direction.
two_way(bucket, forth, back) := fixture.with_rule(
	fixture.doc({}, {"replication": {"value": {"rules": [{"status": "Enabled", "replica_modifications": back, "destination": {"bucket": bucket}}]}}}),
	{"replica_modifications": forth},
)

test_pass if {
	fixture.status(rule.answers) == "pass" with input as two_way("arn:aws:s3:::src", "Enabled", "Enabled")
}

test_pass_neither if {
	fixture.status(rule.answers) == "pass" with input as two_way("arn:aws:s3:::src", "Disabled", "")
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as two_way("arn:aws:s3:::src", "", "Enabled")
}

test_fail_other_way if {
	fixture.status(rule.answers) == "fail" with input as two_way("arn:aws:s3:::src", "Enabled", "Disabled")
}

test_not_applicable if {
	fixture.status(rule.answers) == "not_applicable" with input as two_way("arn:aws:s3:::far", "", "Enabled")
}

test_not_applicable_without_replication if {
	fixture.status(rule.answers) == "not_applicable" with input as fixture.doc({}, {"replication": {"absent": true}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"replication": {"gap": {"code": "AccessDenied"}}})
}
