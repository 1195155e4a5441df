package crosscheck.rules.xc054_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc054

test_pass if {
	fixture.status(xc054.answers) == "pass" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}}) with iam.public as "false"
}

test_fail if {
	fixture.status(xc054.answers) == "fail" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}}) with iam.public as "true"
}

test_unknown if {
	fixture.status(xc054.answers) == "unknown" with input as fixture.doc({}, {"policy": {"value": {"name": "dst", "document": `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/repl"},"Action":"s3:ReplicateObject","Resource":"*"}]}`}}}) with iam.public as "unknown"
}

test_unknown_gap if {
	count(xc054.answers) == 0 with input as fixture.doc({}, {"policy": {"gap": {"code": "AccessDenied"}}})
}
