// Package alarm says which CloudWatch alarms tell of objects that S3 could not replicate.
package alarm

import (
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crosscheck/scanner/fact"
)

// Metric is the metric of failed replication, in the namespace AWS/S3. It has the dimensions
// SourceBucket, DestinationBucket and RuleId, and no data under others.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
const Metric = "OperationsFailedReplication"

// Of are the alarms on failed replication among those of an account and Region.
func Of(metric []types.MetricAlarm, composite []types.CompositeAlarm) []fact.Alarm {
	var all []fact.Alarm
	for i := range metric {
		a, ok := read(&metric[i])
		if !ok {
			continue
		}
		if a.Tells == "no" && slices.ContainsFunc(composite, func(c types.CompositeAlarm) bool {
			return acts(c.ActionsEnabled, c.AlarmActions) && names(&c, &metric[i])
		}) {
			a.Tells, a.Why = "unknown", "a composite alarm with actions names it"
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b fact.Alarm) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// names reports whether the rule of a composite alarm names another alarm.
func names(c *types.CompositeAlarm, of *types.MetricAlarm) bool {
	rule := aws.ToString(c.AlarmRule)
	return strings.Contains(rule, aws.ToString(of.AlarmName)) || of.AlarmArn != nil && strings.Contains(rule, *of.AlarmArn)
}

// acts reports whether an alarm does anything when it goes off.
func acts(enabled *bool, actions []string) bool {
	return (enabled == nil || *enabled) && len(actions) > 0
}

// read reads an alarm; false where it is on something else.
func read(m *types.MetricAlarm) (fact.Alarm, bool) {
	a := fact.Alarm{Name: aws.ToString(m.AlarmName)}
	if m.MetricName == nil {
		// An expression over metrics, or a query.
		a.Tells, a.Why = "unknown", "it is on an expression"
		return a, mentions(m)
	}
	if aws.ToString(m.Namespace) != "AWS/S3" || *m.MetricName != Metric {
		return a, false
	}
	dimensions := map[string]string{}
	for _, d := range m.Dimensions {
		dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	a.Source, a.Destination, a.RuleID = dimensions["SourceBucket"], dimensions["DestinationBucket"], dimensions["RuleId"]
	above := m.ComparisonOperator == types.ComparisonOperatorGreaterThanThreshold || m.ComparisonOperator == types.ComparisonOperatorGreaterThanOrEqualToThreshold
	below := m.ComparisonOperator == types.ComparisonOperatorLessThanThreshold || m.ComparisonOperator == types.ComparisonOperatorLessThanOrEqualToThreshold
	counted := m.Statistic == types.StatisticSum || m.Statistic == types.StatisticMaximum || m.Statistic == types.StatisticAverage
	limit := math.NaN()
	if m.Threshold != nil {
		limit = *m.Threshold
	}
	switch {
	case len(dimensions) != 3 || len(m.Dimensions) != 3 || a.Source == "" || a.Destination == "" || a.RuleID == "":
		a.Tells, a.Why = "no", "its dimensions are not SourceBucket, DestinationBucket and RuleId, so it has no data"
	case !acts(m.ActionsEnabled, m.AlarmActions):
		a.Tells, a.Why = "no", "it does nothing when it goes off: it has no alarm action, or its actions are disabled"
	case below:
		a.Tells, a.Why = "no", "it goes off when few objects fail, not when any does"
	case above && counted && limit >= 0 && (limit > 0 || m.ComparisonOperator == types.ComparisonOperatorGreaterThanThreshold):
		a.Tells = "yes"
	default:
		a.Tells, a.Why = "unknown", "whether its statistic, comparison and threshold can tell of a failure is not known"
	}
	return a, true
}

// mentions reports whether an alarm without a metric of its own names the metric anywhere.
func mentions(m *types.MetricAlarm) bool {
	if q, ok := m.EvaluationCriteria.(*types.EvaluationCriteriaMemberPromQLCriteria); ok {
		// PromQL may spell a metric otherwise.
		return strings.Contains(strings.ToLower(aws.ToString(q.Value.Query)), "replication")
	}
	for _, q := range m.Metrics {
		if strings.Contains(aws.ToString(q.Expression), Metric) || q.MetricStat != nil && q.MetricStat.Metric != nil && aws.ToString(q.MetricStat.Metric.MetricName) == Metric {
			return true
		}
	}
	return len(m.Metrics) == 0 // of a kind that this version does not know
}

// For are the alarms that may be about a bucket.
func For(bucket string, all fact.Fact[[]fact.Alarm]) fact.Fact[[]fact.Alarm] {
	if all.Value == nil {
		return all
	}
	var mine []fact.Alarm
	for _, a := range *all.Value {
		if a.Source == bucket || a.Source == "" && a.Tells == "unknown" {
			mine = append(mine, a)
		}
	}
	return fact.Of(mine)
}
