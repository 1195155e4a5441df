# METADATA
# title: Replication metrics are enabled
# description: |
#   Without Metrics on the rule S3 sends neither the metric nor the event of a failed
#   replication: a link can be broken for months unnoticed.
# custom:
#   id: XC047
#   severity: medium
#   scope: link
#   controls: [SecurityHub/S3.11, NIST-800-53r5/SI-4]
#   remediation: set Destination.Metrics.Status to Enabled in the rule
#   evidence: documented
#   sources:
#     - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-metrics-events.html
package crosscheck.rules.monitoring.metrics

answers contains crosscheck.pass(link, "metrics are enabled") if {
	some link in input.links
	link.rule.destination.metrics == "Enabled"
}

answers contains crosscheck.fail(link, "metrics are off: S3 does not report objects that fail to replicate", {
	"remediation": "set Destination.Metrics.Status to Enabled in the rule",
}) if {
	some link in input.links
	object.get(link.rule.destination, "metrics", "") != "Enabled"
}
