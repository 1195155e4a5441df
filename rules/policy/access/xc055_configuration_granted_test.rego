package crosscheck.rules.access.configuration_granted_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.configuration_granted as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"policy": {"value": {"name": "src", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/x"},"Action":"s3:Put*","Resource":"*"}]}`}}}, {})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({"policy": {"value": {"name": "src", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:Put*","Resource":"*"}]}`}}}, {})
}

test_pass_no_policy if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({"policy": {"absent": true}}, {})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"policy": {"gap": {"code": "AccessDenied"}}}, {})
}

test_not_applicable_no_facts if {
	count(rule.answers) == 0 with input as fixture.bare
}
