package crosscheck.rules.xc058_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc058

test_pass if {
	fixture.status(xc058.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:Replicate*","Resource":"*"}]}`}}})
}

test_fail if {
	fixture.status(xc058.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_unknown if {
	count(xc058.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}
