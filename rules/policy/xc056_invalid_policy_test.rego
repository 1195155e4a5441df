package crosscheck.rules.xc056_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc056

test_pass if {
	fixture.status(xc056.answers) == "pass" with input as fixture.fully(fixture.with_trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
}

test_fail if {
	fixture.status(xc056.answers) == "fail" with input as fixture.with_trust(`{"Version":"2012–10–17","Statement":[]}`)
}

test_unknown if {
	count(xc056.answers) == 0 with input as fixture.bare
}

test_not_applicable_without_links if {
	count(xc056.answers) == 0 with input as fixture.no_links(fixture.bare)
}
