package crosscheck.rules.xc045_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc045

test_pass if {
	fixture.status(xc045.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_fail if {
	fixture.status(xc045.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}

test_unknown if {
	count(xc045.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}

test_fail_id if {
	fixture.status(xc045.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:Replicate*","Resource":"*"}]}`}}})
}

test_fail_everybody if {
	fixture.status(xc045.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}})
}
