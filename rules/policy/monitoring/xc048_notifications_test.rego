package crosscheck.rules.monitoring.notifications_test

import data.crosscheck.fixture
import data.crosscheck.rules.monitoring.notifications as rule

test_pass if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.value({"events": ["s3:Replication:OperationFailedReplication"]})}, {})
}

test_pass_all if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.value({"events": ["s3:ObjectCreated:*", "s3:Replication:*"]})}, {})
}

test_fail if {
	fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.doc({"notification": fixture.value({"events": ["s3:ObjectCreated:*"]})}, {})
}

test_fail_none if {
	fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.doc({"notification": fixture.value({})}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"notification": fixture.gap}, {})
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.bare
}
