package crosscheck.rules.access.excess_control_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.excess_control as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":["s3:PutBucketVersioning","s3:ReplicateObject"],"Resource":"*"}]}`}}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}

test_fail_wildcard if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:Put*","Resource":"*"}]}`}}})
}

test_fail_account if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:DeleteObject","Resource":"*"}]}`}}})
}

test_pass_own_account if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"s3:*","Resource":"*"}]}`}}})
}
