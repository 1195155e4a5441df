package crosscheck.rules.xc038_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc038

test_pass if {
	some a in xc038.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}}]
	a.bucket == "a"
	a.status == "pass"
}

test_fail if {
	some a in xc038.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}}, {"subject": true, "account_id": "1", "region": "r", "bucket": "b", "arn": "x", "destinations": {"c"}}]
	a.bucket == "b"
	a.status == "fail"
}

test_pass_two_way if {
	some a in xc038.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}}, {"subject": true, "account_id": "1", "region": "r", "bucket": "b", "arn": "x", "destinations": {"a"}}]
	a.bucket == "b"
	a.status == "pass"
}

test_records if {
	some r in xc038.records with input as fixture.bare
	r.destinations == {"dst"}
}

test_not_applicable_without_links if {
	count(xc038.records) == 0 with input as fixture.no_links(fixture.bare)
}
