package crosscheck.rules.monitoring.metrics_test

import data.crosscheck.fixture
import data.crosscheck.rules.monitoring.metrics as rule

test_pass if {
	fixture.said(rule.answers) == fixture.passed with input as fixture.bare
}

test_fail if {
	fixture.said(rule.answers) == fixture.failed({}) with input as fixture.with_rule(fixture.bare, {"destination": {"metrics": "Disabled"}})
}

test_fail_absent if {
	fixture.said(rule.answers) == fixture.failed({}) with input as json.remove(fixture.bare, ["/links/0/rule/destination/metrics"])
}

test_not_applicable_without_links if {
	count(rule.answers) == 0 with input as fixture.no_links(fixture.bare)
}
