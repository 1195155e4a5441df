package crosscheck.rules.xc048_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc048

test_pass if {
	fixture.status(xc048.answers) == "pass" with input as fixture.doc({"notification": {"value": {"events": ["s3:Replication:OperationFailedReplication"]}}}, {})
}

test_pass_all if {
	fixture.status(xc048.answers) == "pass" with input as fixture.doc({"notification": {"value": {"events": ["s3:ObjectCreated:*", "s3:Replication:*"]}}}, {})
}

test_fail if {
	fixture.status(xc048.answers) == "fail" with input as fixture.doc({"notification": {"value": {"events": ["s3:ObjectCreated:*"]}}}, {})
}

test_unknown if {
	count(xc048.answers) == 0 with input as fixture.doc({"notification": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_no_configuration if {
	count(xc048.answers) == 0 with input as fixture.bare
}
