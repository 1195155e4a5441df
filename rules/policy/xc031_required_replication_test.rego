package crosscheck.rules.xc031_test

import data.crosscheck.fixture
import data.crosscheck.rules.xc031

test_pass if {
	fixture.status(xc031.answers) == "pass" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 1}] with crosscheck.unread as []
}

test_fail if {
	fixture.status(xc031.answers) == "fail" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 0}] with crosscheck.unread as []
}

test_unknown if {
	fixture.status(xc031.answers) == "unknown" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "open", "links": 0}] with crosscheck.unread as []
}

test_unknown_account if {
	fixture.status(xc031.answers) == "unknown" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 0}] with crosscheck.unread as ["222222222222"]
}

test_unknown_source if {
	fixture.status(xc031.answers) == "unknown" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 0}, {"unread": "arn:aws:s3:::dark"}] with crosscheck.unread as []
}

test_pass_account if {
	fixture.status(xc031.answers) == "pass" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 1}] with crosscheck.unread as ["222222222222"]
}

test_not_applicable if {
	fixture.status(xc031.answers) == "not_applicable" with crosscheck.records as [{"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "state": "required", "links": 0}, {"destination": "src"}] with crosscheck.unread as ["222222222222"]
}

test_records_by_name if {
	some r in xc031.records with input as fixture.bare with data.crosscheck.config as {"required_replication": [{"name": "src"}, {"tags": {"tier": "gold"}}]}
	r.state == "required"
	r.links == 1
}

# A dot in a name is a letter like others: without null, glob.match takes it for a delimiter.
test_records_by_name_with_dots if {
	every name in ["*", "www.*", "*.com", "www?example.com"] {
		some r in xc031.records with input as fixture.doc({"name": "www.example.com"}, {}) with data.crosscheck.config as {"required_replication": [{"name": name}]}
		r.state == "required"
	}
}

test_records_by_tag if {
	some r in xc031.records with input as {"bucket": {"name": "x", "arn": "a", "account_id": "1", "region": "r", "replication": {"absent": true}, "tags": {"value": {"tier": "gold"}}}} with data.crosscheck.config as {"required_replication": [{"name": "src"}, {"tags": {"tier": "gold"}}]}
	r.state == "required"
	r.links == 0
}

test_records_open_tags if {
	some r in xc031.records with input as {"bucket": {"name": "x", "arn": "a", "account_id": "1", "region": "r", "replication": {"absent": true}, "tags": {"gap": {"code": "AccessDenied"}}}} with data.crosscheck.config as {"required_replication": [{"name": "src"}, {"tags": {"tier": "gold"}}]}
	r.state == "open"
}

test_records_nothing_else if {
	count(xc031.records) == 0 with input as {"bucket": {"name": "x", "arn": "a", "account_id": "1", "region": "r", "replication": {"absent": true}, "tags": {"absent": true}}} with data.crosscheck.config as {"required_replication": [{"name": "src"}, {"tags": {"tier": "gold"}}]}
}

test_records_unread if {
	some r in xc031.records with input as {"bucket": {"name": "x", "arn": "a", "account_id": "1", "region": "r", "replication": {"gap": {"code": "AccessDenied"}}}} with data.crosscheck.config as {"required_replication": [{"name": "src"}]}
	r == {"unread": "a"}
}
