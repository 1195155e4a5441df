package crosscheck.rules.xc039_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc039

test_pass if {
	some a in xc039.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}, "sync": {"b"}}, {"subject": true, "account_id": "1", "region": "r", "bucket": "b", "arn": "x", "destinations": {"a"}, "sync": {"a"}}]
	a.bucket == "a"
	a.status == "pass"
}

test_fail if {
	some a in xc039.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}, "sync": {"b"}}, {"subject": true, "account_id": "1", "region": "r", "bucket": "b", "arn": "x", "destinations": {"a"}, "sync": set()}]
	a.bucket == "a"
	a.status == "fail"
}

test_not_applicable if {
	some a in xc039.answers with crosscheck.records as [{"subject": true, "account_id": "1", "region": "r", "bucket": "a", "arn": "x", "destinations": {"b"}, "sync": {"b"}}, {"subject": true, "account_id": "1", "region": "r", "bucket": "b", "arn": "x", "destinations": {"c"}, "sync": set()}]
	a.bucket == "a"
	a.status == "not_applicable"
}

test_records if {
	some r in xc039.records with input as fixture.bare
	r.destinations == {"dst"}
}
