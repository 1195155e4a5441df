package crosscheck.rules.monitoring.notifications_test

import data.crosscheck.fixture
import data.crosscheck.rules.monitoring.notifications as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"notification": {"value": {"events": ["s3:Replication:OperationFailedReplication"]}}}, {})
}

test_pass_all if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"notification": {"value": {"events": ["s3:ObjectCreated:*", "s3:Replication:*"]}}}, {})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"notification": {"value": {"events": ["s3:ObjectCreated:*"]}}}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"notification": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.bare
}
