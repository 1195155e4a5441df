package crosscheck.rules.access.confused_deputy_test

import data.crosscheck.fixture
import data.crosscheck.rules.access.confused_deputy as rule

test_pass if {
	fixture.status(rule.answers) == "pass" with input as fixture.with_trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}]}`)
}

test_fail if {
	fixture.status(rule.answers) == "fail" with input as fixture.with_trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
}

test_unknown if {
	count(rule.answers) == 0 with input as json.remove(fixture.bare, ["roles"])
}
