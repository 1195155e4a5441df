package crosscheck.rules.organization.shared_destination_test

import data.crosscheck.fixture
import data.crosscheck.rules.organization.shared_destination as rule

# The record of a link of a bucket that takes keys with a prefix, without some others.
link_without(bucket, destination, prefix, excluded) := {
	"subject": true,
	"account_id": "111111111111",
	"region": "us-east-1",
	"bucket": bucket,
	"arn": sprintf("arn:aws:s3:::%s", [bucket]),
	"destination": destination,
	"keys": {"prefix": prefix, "exclude": {"prefixes": excluded}},
}

link(bucket, destination, prefix) := link_without(bucket, destination, prefix, [])

# By bucket: the status and what the evidence names.
judged(records, unread) := {[a.bucket, a.status, object.get(a, ["evidence", "sources"], [])] |
	some a in rule.answers with crosscheck.records as records with crosscheck.unread as unread
}

apart := {["a", "pass", []], ["b", "pass", []]}

together := {["a", "fail", ["b"]], ["b", "fail", ["a"]]}

test_pass if {
	every records in [
		[link("a", "dst", "a/"), link("b", "dst", "b/")],
		[link("a", "dst", "a"), link("b", "dst", "b")],
		[link("a", "dst", ""), link("b", "other", "")],
		[link_without("a", "dst", "", ["b/"]), link("b", "dst", "b/x")],
		[link("a", "dst", ""), link("a", "dst", "x/"), link("b", "other", "")],
	] {
		judged(records, []) == apart
	}
}

test_fail if {
	every records in [
		[link("a", "dst", ""), link("b", "dst", "")],
		[link("a", "dst", ""), link("b", "dst", "b/")],
		[link_without("a", "dst", "", ["b/x"]), link("b", "dst", "b/")],
		[link("a", "dst", "logs/2026/"), link("b", "dst", "logs/")],
		[link("a", "dst", ""), link("a", "dst", "x/"), link("b", "dst", "x/")],
	] {
		judged(records, []) == together
		judged(records, ["222222222222"]) == together
	}
}

test_fail_answer if {
	answers := rule.answers with crosscheck.records as [link("a", "dst", ""), link("b", "dst", ""), link("b", "two", "")] with crosscheck.unread as []
	{a | some a in answers; a.bucket == "a"} == {{
		"account_id": "111111111111",
		"bucket": "a",
		"status": "fail",
		"key": "dst",
		"message": "a replicates keys into dst that b replicates there too: the later write hides the other",
		"evidence": {"destination": "dst", "sources": ["b"]},
		"remediation": "give the rules to dst prefixes that exclude each other, or each source a destination of its own",
	}}
}

# Of many sources a few are named, and none is missed.
test_fail_many if {
	records := [link(sprintf("s%d", [n]), "dst", ["", "x/", "x/y/"][n % 3]) | some n in numbers.range(1, 30)]
	answers := rule.answers with crosscheck.records as records with crosscheck.unread as []
	{a.bucket | some a in answers} == {r.bucket | some r in records}
	every a in answers {
		a.status == "fail"
		count(a.evidence.sources) == 3
		not a.bucket in a.evidence.sources
	}
}

test_unknown_account if judged([link("a", "dst", ""), link("b", "other", "")], ["222222222222"]) == {["a", "unknown", []], ["b", "unknown", []]}

test_unknown_source if judged([link("a", "dst", ""), {"unread": "arn:aws:s3:::dark"}], []) == {["a", "unknown", []]}

# A bucket without links keeps nothing.
test_not_applicable if {
	count(rule.records) == 0 with input as fixture.no_links(fixture.doc({"replication": fixture.absent}, {}))
}

test_records if {
	rule.records == {link("src", "dst", "")} with input as fixture.doc({"replication": fixture.value({"rules": []})}, {})
}

# Tags keep no keys apart.
test_records_filter if {
	filter := {"prefix": "x/", "tags": {"team": "a"}, "exclude": {"prefixes": ["x/y"], "tags": [{"key": "k", "value": "v"}]}}
	rule.records == {link_without("src", "dst", "x/", ["x/y"])} with input as fixture.with_rule(fixture.doc({"replication": fixture.value({"rules": []})}, {}), filter)
}

test_records_no_objects if {
	count(rule.records) == 0 with input as fixture.with_rule(fixture.doc({"replication": fixture.value({"rules": []})}, {}), {"exclude": {"prefixes": [""]}})
}

test_records_unread if {
	rule.records == {{"unread": "arn:aws:s3:::src"}} with input as fixture.no_links(fixture.doc({"replication": fixture.gap}, {}))
}
