package crosscheck.rules.xc027_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc027

test_pass if {
	fixture.status(xc027.answers) == "pass" with input as fixture.with_key("replica", {"value": {"account_id": "222222222222"}})
}

test_fail if {
	fixture.status(xc027.answers) == "fail" with input as fixture.with_key("replica", {"value": {"account_id": "111111111111", "manager": "AWS"}})
}

test_unknown if {
	count(xc027.answers) == 0 with input as fixture.with_key("replica", {"gap": {"code": "AccessDenied"}})
}

test_not_applicable_gone if {
	fixture.status(xc027.answers) == "not_applicable" with input as fixture.with_key("replica", {"absent": true})
}
