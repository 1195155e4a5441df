package crosscheck.rules.xc055_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc055

test_pass if {
	fixture.status(xc055.answers) == "pass" with input as fixture.doc({"policy": {"value": {"name": "src", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/x"},"Action":"s3:Put*","Resource":"*"}]}`}}}, {})
}

test_fail if {
	fixture.status(xc055.answers) == "fail" with input as fixture.doc({"policy": {"value": {"name": "src", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:Put*","Resource":"*"}]}`}}}, {})
}

test_pass_no_policy if {
	fixture.status(xc055.answers) == "pass" with input as fixture.doc({"policy": {"absent": true}}, {})
}

test_unknown if {
	count(xc055.answers) == 0 with input as fixture.doc({"policy": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_no_facts if {
	count(xc055.answers) == 0 with input as fixture.bare
}
