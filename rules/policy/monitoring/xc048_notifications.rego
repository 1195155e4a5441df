# METADATA
# title: Failed replication is told of
# description: |
#   The event s3:Replication:OperationFailedReplication goes to SNS, SQS or Lambda, if the
#   bucket subscribes to it; EventBridge does not carry it as far as documented. A
#   CloudWatch alarm on the metric OperationsFailedReplication of every rule does as well, if
#   it has actions, its dimensions are those of the rule, and the rule has metrics on. Alarms
#   of other accounts and alarms on expressions are not followed. Tag failures send no event
#   at all: only the object's status shows them.
# custom:
#   id: XC048
#   severity: low
#   scope: source
#   uses: [bucket.notification, bucket.alarms]
#   controls: [SecurityHub/S3.11, NIST-800-53r5/SI-4]
#   remediation: subscribe a queue or topic to s3:Replication:OperationFailedReplication, or alarm on the metric OperationsFailedReplication of each rule
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
package crosscheck.rules.monitoring.notifications

wanted := {"s3:Replication:*", "s3:Replication:OperationFailedReplication"}

notified if {
	some event in input.bucket.notification.value.events
	event in wanted
}

links := [link | some link in input.links]

alarms := [alarm | some alarm in input.bucket.alarms.value]

fits(alarm, link) if {
	alarm.source == input.bucket.name
	alarm.destination == link.destination
	alarm.rule_id == link.rule.id
}

# Alarms that tell of an object of a link, where its rule has the metric.
tells(link) if {
	link.rule.destination.metrics == "Enabled"
	some alarm in alarms
	alarm.tells == "yes"
	fits(alarm, link)
}

# Of these it is not known: they are on an expression, or not understood.
may_tell(link) := {sprintf("%s: %s", [alarm.name, alarm.why]) |
	link.rule.destination.metrics == "Enabled"
	some alarm in alarms
	alarm.tells == "unknown"
	concerns(alarm, link)
}

concerns(alarm, link) if fits(alarm, link)

concerns(alarm, _) if object.get(alarm, "source", "") == ""

untold := [link | some link in links; not tells(link)]

silent := [link.rule.id | some link in untold; count(may_tell(link)) == 0]

# Whether alarms tell of nothing: known where they were read, and where there is nothing to tell of.
known if input.bucket.alarms.value

known if count(links) == 0

said := crosscheck.pass(input.bucket, "failed replication sends a notification") if {
	notified
} else := crosscheck.pass(input.bucket, "a CloudWatch alarm tells of failed replication by each rule") if {
	count(links) > 0
	count(untold) == 0
} else := crosscheck.unknown(input.bucket, message, {}) if {
	input.bucket.notification.value
	count(untold) > 0
	count(silent) == 0
	why := {text | some link in untold; some text in may_tell(link)}
	message := sprintf(
		"%s sends no notification of failed replication, and whether an alarm tells of it is not known (%s)",
		[input.bucket.name, concat("; ", why)],
	)
} else := crosscheck.fail(input.bucket, sprintf("%s sends no notification of failed replication%s", [input.bucket.name, rest]), {
	"remediation": sprintf(
		"subscribe a queue or topic to s3:Replication:OperationFailedReplication on %s, or alarm on the metric OperationsFailedReplication of each rule",
		[input.bucket.name],
	),
}) if {
	input.bucket.notification.value
	known
	rest := concat("", array.concat(no_alarm, idle))
}

answers contains said

no_alarm := [text |
	count(links) > 0
	text := sprintf(", and no CloudWatch alarm tells of it%s", [which])
]

which := sprintf(" for %s", [concat(", ", silent)]) if count(silent) < count(links)

which := "" if count(silent) == count(links)

# Alarms of the bucket that do not do it.
idle := [sprintf("; alarm %s does not: %s", [alarm.name, alarm.why]) | some alarm in alarms; alarm.tells == "no"]
