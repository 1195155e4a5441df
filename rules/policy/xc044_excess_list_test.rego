package crosscheck.rules.xc044_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc044

test_pass if {
	fixture.status(xc044.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_fail if {
	fixture.status(xc044.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:List*","Resource":"*"}]}`}}})
}

test_unknown if {
	count(xc044.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}
