# METADATA
# title: Failed replication sends a notification
# description: |
#   The event s3:Replication:OperationFailedReplication goes to SNS, SQS or Lambda, if the
#   bucket subscribes to it; EventBridge does not carry it as far as documented. Tag
#   failures send no event at all: only the object's status shows them.
# custom:
#   id: XC048
#   severity: low
#   scope: source
#   needs: [bucket.notification]
#   controls: [SecurityHub/S3.11, NIST-800-53r5/SI-4]
#   remediation: subscribe a queue or topic to s3:Replication:OperationFailedReplication
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
package crosscheck.rules.monitoring.notifications

wanted := {"s3:Replication:*", "s3:Replication:OperationFailedReplication"}

answers contains answer if {
	notification := input.bucket.notification.value
	subscribed := {event | some event in notification.events; event in wanted}
	faults := {fault |
		count(subscribed) == 0
		fault := {
			"message": sprintf("%s sends no notification of failed replication", [input.bucket.name]),
			"remediation": sprintf("subscribe a queue or topic to s3:Replication:OperationFailedReplication on %s", [input.bucket.name]),
		}
	}
	some answer in crosscheck.result(input.bucket, faults, "failed replication sends a notification")
}
