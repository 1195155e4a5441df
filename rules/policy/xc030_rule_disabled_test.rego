package crosscheck.rules.xc030_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc030

test_pass if {
	fixture.status(xc030.answers) == "pass" with input as fixture.doc({"replication": {"value": {"rules": [fixture.rule]}}}, {})
}

test_fail if {
	fixture.status(xc030.answers) == "fail" with input as fixture.doc({"replication": {"value": {"rules": [fixture.rule, object.union(fixture.rule, {"id": "b", "status": "Disabled"})]}}}, {})
}

test_unknown if {
	count(xc030.answers) == 0 with input as fixture.bare
}

test_not_applicable_no_configuration if {
	count(xc030.answers) == 0 with input as fixture.doc({"replication": {"absent": true}}, {})
}
