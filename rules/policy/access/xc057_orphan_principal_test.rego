package crosscheck.rules.access.orphan_principal_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.orphan_principal as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE111"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}
