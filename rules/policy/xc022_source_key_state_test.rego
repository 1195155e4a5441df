package crosscheck.rules.xc022_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc022

test_pass if {
	fixture.status(xc022.answers) == "pass" with input as fixture.with_key("source", {"value": {"state": "Enabled"}})
}

test_fail_pending if {
	fixture.status(xc022.answers) == "fail" with input as fixture.with_key("source", {"value": {"state": "PendingDeletion"}})
}

test_fail_gone if {
	fixture.status(xc022.answers) == "fail" with input as fixture.with_key("source", {"absent": true})
}

test_unknown if {
	count(xc022.answers) == 0 with input as fixture.with_key("source", {"gap": {"code": "AccessDenied"}})
}
