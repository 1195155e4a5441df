package answer

// cloudWatch adds the APIs of CloudWatch.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (t table) cloudWatch() {
	alarm := group(array, open, one("AlarmName", nonEmpty), maybe("AlarmArn"), maybe("ActionsEnabled", boolean), maybe("AlarmActions", array),
		maybe("OKActions", array), maybe("InsufficientDataActions", array), maybe("ActionConfiguration", quiet),
		maybe("AlarmDescription"), maybe("AlarmConfigurationUpdatedTimestamp", scalar),
		maybe("StateValue"), maybe("StateReason"), maybe("StateReasonData"), maybe("StateUpdatedTimestamp", scalar), maybe("StateTransitionedTimestamp", scalar))
	t.object("cloudwatch:DescribeAlarms", maybe("NextToken"),
		maybe("MetricAlarms", alarm,
			maybe("MetricName", nonEmpty), maybe("Namespace"), maybe("Statistic"), maybe("ExtendedStatistic"), maybe("ComparisonOperator"), maybe("Threshold", number),
			maybe("Dimensions", array, one("Name", nonEmpty), one("Value")), needs("MetricName", "Namespace"),
			maybe("Metrics", array, quiet), maybe("EvaluationCriteria", quiet), maybe("EvaluationInterval", number), maybe("EvaluationWindow", quiet),
			maybe("Period", number), maybe("Unit"), maybe("EvaluationPeriods", number), maybe("DatapointsToAlarm", number), maybe("TreatMissingData"),
			maybe("EvaluateLowSampleCountPercentile"), maybe("ThresholdMetricId"), maybe("EvaluationState"), maybe("WarmUpConfiguration", quiet)),
		maybe("CompositeAlarms", alarm, one("AlarmRule", nonEmpty),
			maybe("ActionsSuppressedBy"), maybe("ActionsSuppressedReason"), maybe("ActionsSuppressor"),
			maybe("ActionsSuppressorExtensionPeriod", number), maybe("ActionsSuppressorWaitPeriod", number)),
		maybe("LogAlarms", array, quiet), anyOf("MetricAlarms", "CompositeAlarms"))
	t["cloudwatch:DescribeAlarms"].limit = 8 << 20
}
