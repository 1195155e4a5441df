package crosscheck.rules.monitoring.notifications_test

import data.crosscheck.fixture
import data.crosscheck.rules.monitoring.notifications as rule

silence := {"notification": fixture.value({}), "alarms": fixture.value([])}

alarm := {"name": "a", "source": "src", "destination": "dst", "rule_id": "all", "tells": "yes"}

with_alarm(more) := fixture.doc(object.union(silence, {"alarms": fixture.value([object.union(alarm, more)])}), {})

test_pass if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.value({"events": ["s3:Replication:OperationFailedReplication"]})}, {})
}

test_pass_all if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.value({"events": ["s3:ObjectCreated:*", "s3:Replication:*"]})}, {})
}

test_pass_although_alarms_are_not_read if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.value({"events": ["s3:Replication:*"]}), "alarms": fixture.gap}, {})
}

test_pass_alarm if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as with_alarm({})
}

test_pass_alarm_although_notifications_are_not_read if {
	fixture.said(rule.answers) == fixture.bucket_passed with input as fixture.doc({"notification": fixture.gap, "alarms": fixture.value([alarm])}, {})
}

test_fail if {
	fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.doc(object.union(silence, {"notification": fixture.value({"events": ["s3:ObjectCreated:*"]})}), {})
}

test_fail_none if {
	fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.doc(silence, {})
}

test_fail_without_links if {
	fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.no_links(fixture.doc({"notification": fixture.value({})}, {}))
}

test_fail_without_links_and_alarms if {
	{a.message | some a in rule.answers} == {"src sends no notification of failed replication"} with input as fixture.no_links(fixture.doc(silence, {}))
}

test_fail_message if {
	{a.message | some a in rule.answers} == {"src sends no notification of failed replication, and no CloudWatch alarm tells of it"} with input as fixture.doc(silence, {})
}

test_fail_alarm_on_another if {
	every more in [{"destination": "other", "tells": "unknown", "why": "w"}, {"destination": "other"}, {"rule_id": "other"}, {"source": "other"}, {"tells": "no", "why": "w"}] {
		fixture.said(rule.answers) == fixture.bucket_failed({}) with input as with_alarm(more)
	}
}

test_fail_alarm_without_metrics if {
	every more in [{}, {"tells": "unknown", "why": "w"}] {
		fixture.said(rule.answers) == fixture.bucket_failed({}) with input as fixture.with_rule(with_alarm(more), {"destination": {"metrics": "Disabled"}})
	}
}

test_fail_one_rule_of_two if {
	doc := with_alarm({})
	other := object.union(fixture.link, {"id": "o", "rule": object.union(fixture.rule, {"id": "other"})})
	two := json.patch(doc, [{"op": "add", "path": "/links/1", "value": other}])
	some answer in rule.answers with input as two
	answer.message == "src sends no notification of failed replication, and no CloudWatch alarm tells of it for other"
}

test_unknown_alarm if {
	every more in [{"tells": "unknown", "why": "w"}, {"tells": "unknown", "why": "w", "source": ""}] {
		fixture.said(rule.answers) == {{"status": "unknown"}} with input as with_alarm(more)
	}
}

test_unknown if {
	count(rule.answers) == 0 with input as fixture.doc({"notification": fixture.gap, "alarms": fixture.value([])}, {})
}

test_unknown_although_alarms_are_read if {
	count(rule.answers) == 0 with input as fixture.doc({"notification": fixture.gap, "alarms": fixture.value([object.union(alarm, {"tells": "unknown", "why": "w"})])}, {})
}

test_unknown_alarms if {
	count(rule.answers) == 0 with input as fixture.doc({"notification": fixture.value({}), "alarms": fixture.gap}, {})
}

test_not_applicable_no_configuration if {
	count(rule.answers) == 0 with input as fixture.bare
}
