package crosscheck.rules.xc046_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc046

test_pass if {
	fixture.status(xc046.answers) == "pass" with input as fixture.with_trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}]}`)
}

test_fail if {
	fixture.status(xc046.answers) == "fail" with input as fixture.with_trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
}

test_unknown if {
	count(xc046.answers) == 0 with input as json.remove(fixture.bare, ["roles"])
}
