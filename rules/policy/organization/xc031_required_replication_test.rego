package crosscheck.rules.organization.required_replication_test

import data.crosscheck.fixture
import data.crosscheck.rules.organization.required_replication as rule

# A record of a bucket that a requirement selects.
selected := {"subject": true, "account_id": "111111111111", "region": "us-east-1", "bucket": "src", "arn": "arn:aws:s3:::src", "missing": [], "to": {}, "lead": []}

with_(changes) := object.union(selected, changes)

to := {"accounts": ["333333333333"], "regions": ["eu-west-1", "eu-north-1"]}

answer(records) := a if {
	answers := rule.answers with crosscheck.records as records with crosscheck.unread as []
	count(answers) == 1
	some a in answers
}

test_pass if answer([with_({"lead": ["elsewhere", "there"]})]).status == "pass"

test_fail if {
	a := answer([selected])
	a.status == "fail"
	a.key == ""
}

test_fail_elsewhere if {
	a := answer([with_({"to": to, "lead": ["elsewhere", "elsewhere"]})])
	a.status == "fail"
	a.message == "the bucket must replicate to Region eu-west-1 or eu-north-1 in account 333333333333 and replicates elsewhere only"
	a.key == `{"accounts":["333333333333"],"regions":["eu-west-1","eu-north-1"]}`
}

test_fail_nowhere if answer([with_({"to": to})]).message == "the bucket must replicate to Region eu-west-1 or eu-north-1 in account 333333333333 and has no enabled replication rule"

# Two faults of one bucket; beside them a pass says nothing.
test_fail_twice if {
	answers := rule.answers with crosscheck.records as [selected, with_({"lead": ["there"]}), with_({"to": to, "lead": ["elsewhere"]})] with crosscheck.unread as []
	{a.status | some a in answers} == {"fail"}
	count(answers) == 2
}

test_fail_in_a_list_that_is_not_empty if {
	contains(answer([with_({"to": {"regions": ["eu-west-1"], "accounts": []}})]).message, "must replicate to Region eu-west-1 and")
}

# Of a fault and an open question the fault is kept, of an open question and a pass the question.
test_fail_beside_unknown if answer([selected, with_({"missing": ["its tags"]})]).status == "fail"

test_unknown_beside_pass if answer([with_({"lead": ["there"]}), with_({"missing": ["its tags"]})]).status == "unknown"

test_unknown_destination if answer([with_({"to": to, "lead": ["elsewhere", "unclear"]})]).status == "unknown"

test_unknown_tags if answer([with_({"missing": ["its tags"]})]).message == "whether the bucket must replicate depends on its tags, which was not read"

test_unknown_account if {
	fixture.status(rule.answers) == "unknown" with crosscheck.records as [selected] with crosscheck.unread as ["222222222222"]
}

test_unknown_source if answer([selected, {"unread": "arn:aws:s3:::dark"}]).message == "the bucket has no enabled replication rule, and it may be the destination of a link: arn:aws:s3:::dark was not read"

test_pass_account if {
	fixture.status(rule.answers) == "pass" with crosscheck.records as [with_({"lead": ["there"]})] with crosscheck.unread as ["222222222222"]
}

test_not_applicable if {
	fixture.status(rule.answers) == "not_applicable" with crosscheck.records as [selected, {"destination": "src"}] with crosscheck.unread as ["222222222222"]
}

fake_path(account) := object.get(object.get(object.get(input, "accounts", {}), account, {}), "path", {})

records(document, requirements) := r if {
	r := rule.records with input as document with crosscheck.path as fake_path with data.crosscheck.config as {"required_replication": requirements}
}

# The subjects of a document for one requirement.
of(document, requirement) := [r | some r in records(document, [requirement]); r.subject]

bucket(facts) := {"bucket": object.union({"name": "x", "arn": "a", "account_id": "1", "region": "r", "replication": fixture.absent}, facts)}

gold := {"tags": {"tier": "gold"}}

test_records_by_name if of(fixture.bare, {"name": "src"}) == [with_({"lead": ["there"]})]

test_records_destination if of(fixture.bare, {"name": "src", "destination": {"regions": ["eu-north-1"]}}) == [with_({"to": {"regions": ["eu-north-1"]}, "lead": ["elsewhere"]})]

# A list that is empty asks for nothing.
test_records_by_empty_lists if {
	of(fixture.bare, {"accounts": [], "ous": [], "tags": {}, "destination": {"accounts": [], "ous": [], "regions": []}}) == [with_({"to": {"accounts": [], "ous": [], "regions": []}, "lead": ["there"]})]
	of(fixture.gap_destination(fixture.bare), {"destination": {"accounts": [], "ous": [], "regions": []}}) == [with_({"to": {"accounts": [], "ous": [], "regions": []}, "lead": ["there"]})]
}

# A dot in a name is a letter like others: without null, glob.match takes it for a delimiter.
test_records_by_name_with_dots if {
	every name in ["*", "www.*", "*.com", "www?example.com"] {
		count(of(fixture.doc({"name": "www.example.com"}, {}), {"name": name})) == 1
	}
}

test_records_by_tag if {
	some r in of(bucket({"tags": {"value": {"tier": "gold"}}}), gold)
	r.lead == []
	r.missing == []
}

test_records_open_tags if {
	some r in of(bucket({"tags": fixture.gap}), gold)
	r.missing == ["its tags"]
}

test_records_nothing_else if {
	every tags in [fixture.absent, {"value": {"tier": "tin"}}] {
		count(of(bucket({"tags": tags}), gold)) == 0
	}
	count(of(bucket({}), {"name": "src"})) == 0
}

test_records_by_account if {
	count(of(fixture.bare, {"accounts": ["222222222222", "111111111111"]})) == 1
	count(of(fixture.bare, {"accounts": ["222222222222"]})) == 0
}

placed(account, path) := object.union(fixture.bare, {"accounts": {account: {"id": account, "path": path}}})

test_records_by_unit if {
	units := {"ous": ["ou-ab12-cdefgh34"]}
	of(placed("111111111111", {"value": ["r-ab12", "ou-ab12-cdefgh34", "ou-ab12-zzzzzzzz"]}), units) == [with_({"lead": ["there"]})]
	count(of(placed("111111111111", {"value": ["r-ab12", "ou-ab12-zzzzzzzz"]}), units)) == 0
	count(of(placed("111111111111", fixture.absent), units)) == 0
	every document in [fixture.bare, placed("111111111111", fixture.gap)] {
		some r in of(document, units)
		r.missing == ["its place in the organization"]
	}
}

# All that a requirement has must hold; what is known not to hold decides alone.
test_records_by_all if {
	all := {"name": "src", "tags": {"tier": "gold"}, "accounts": ["111111111111"], "ous": ["r-ab12"]}
	some r in of(fixture.bare, all)
	r.missing == ["its tags", "its place in the organization"]
	count(of(fixture.bare, object.union(all, {"accounts": ["222222222222"]}))) == 0
	count(of(fixture.doc({"tags": fixture.absent}, {}), all)) == 0
}

lead(document, destination) := r.lead if some r in of(document, {"name": "*", "destination": destination})

test_leads if {
	lead(fixture.bare, {"accounts": ["222222222222"]}) == ["there"]
	lead(fixture.bare, {"accounts": ["222222222222"], "regions": ["eu-west-1"]}) == ["there"]
	lead(fixture.bare, {"accounts": ["333333333333"]}) == ["elsewhere"]
	lead(fixture.bare, {"accounts": ["222222222222"], "regions": ["eu-north-1"]}) == ["elsewhere"]
	lead(placed("222222222222", {"value": ["r-ab12"]}), {"ous": ["r-ab12"]}) == ["there"]
	lead(placed("222222222222", {"value": ["r-ab12"]}), {"ous": ["ou-ab12-cdefgh34"]}) == ["elsewhere"]
	lead(placed("222222222222", fixture.absent), {"ous": ["ou-ab12-cdefgh34"]}) == ["elsewhere"]
	lead(placed("222222222222", fixture.gap), {"ous": ["r-ab12"]}) == ["unclear"]
	lead(placed("222222222222", fixture.gap), {"ous": ["r-ab12"], "regions": ["eu-north-1"]}) == ["elsewhere"]
	lead(fixture.no_destination(fixture.bare), {"accounts": ["222222222222"]}) == ["elsewhere"]
	every destination in [{"accounts": ["222222222222"]}, {"regions": ["eu-west-1"]}, {"ous": ["r-ab12"]}] {
		lead(fixture.gap_destination(fixture.bare), destination) == ["unclear"]
	}
	lead(fixture.no_links(fixture.bare), {"accounts": ["222222222222"]}) == []
	lead(fixture.with_rule(fixture.bare, {"exclude": {"prefixes": [""]}}), {}) == ["nowhere"]
	lead(fixture.with_rule(fixture.bare, {"exclude": {"prefixes": ["tmp/"]}}), {}) == ["there"]
}

# The tags of fixture.bare were not read.
test_selects if {
	all := records(fixture.bare, [{"name": "src"}, {"name": "dst"}, {"tags": {"tier": "gold"}}, {"name": "dst", "tags": {"tier": "gold"}}])
	{r.selects | some r in all} == {0}
	{r.may_select | some r in all} == {2}
}

# Whether a bucket's links may be unseen, by what is known of its replication.
unread(replication) if records(object.union(json.remove(bucket({}), ["/bucket/replication"]), {"bucket": replication}), [{"name": "src"}]) == {{"unread": "a"}}

test_records_unread if {
	unread({"replication": fixture.gap})
	unread({})
	not unread({"replication": fixture.absent})
	not unread({"replication": fixture.value({"rules": []})})
}
