package crosscheck.rules.xc024_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc024

test_pass if {
	fixture.status(xc024.answers) == "pass" with input as fixture.with_key("replica", {"value": {"region": "eu-west-1"}})
}

test_fail_region if {
	fixture.status(xc024.answers) == "fail" with input as fixture.with_key("replica", {"value": {"region": "us-east-1"}})
}

test_fail_gone if {
	fixture.status(xc024.answers) == "fail" with input as fixture.with_key("replica", {"absent": true})
}

test_unknown if {
	count(xc024.answers) == 0 with input as fixture.with_key("replica", {"gap": {"code": "AccessDenied"}})
}

test_unknown_destination if {
	count(xc024.answers) == 0 with input as fixture.gap_destination(fixture.with_key("replica", {"value": {"region": "x"}}))
}
