package alarm_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"crosscheck/scanner/alarm"
	"crosscheck/scanner/fact"
)

// metric is an alarm that tells of one failed object.
func metric(change func(*types.MetricAlarm)) types.MetricAlarm {
	dimension := func(name, value string) types.Dimension { return types.Dimension{Name: &name, Value: &value} }
	m := types.MetricAlarm{
		AlarmName: aws.String("fails"), AlarmArn: aws.String("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:fails"),
		Namespace: aws.String("AWS/S3"), MetricName: aws.String(alarm.Metric), ActionsEnabled: aws.Bool(true), AlarmActions: []string{"arn:aws:sns:eu-west-1:111111111111:t"},
		Statistic: types.StatisticSum, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(0),
		Dimensions: []types.Dimension{dimension("SourceBucket", "src"), dimension("DestinationBucket", "dst"), dimension("RuleId", "all")},
	}
	if change != nil {
		change(&m)
	}
	return m
}

func ExampleOf() {
	for _, a := range alarm.Of([]types.MetricAlarm{metric(nil)}, nil) {
		fmt.Println(a.Name, a.Source, a.Destination, a.RuleID, a.Tells)
	}
	// Output: fails src dst all yes
}

// TestOf: what is not understood tells nothing, and is not known to tell nothing.
func TestOf(t *testing.T) {
	t.Parallel()
	composite := func(rule string, actions ...string) []types.CompositeAlarm {
		return []types.CompositeAlarm{{AlarmName: aws.String("c"), AlarmRule: &rule, AlarmActions: actions}}
	}
	idle := func(m *types.MetricAlarm) { m.AlarmActions = nil }
	for name, c := range map[string]struct {
		change    func(*types.MetricAlarm)
		composite []types.CompositeAlarm
		want      string // "" = it is on something else
	}{
		"any failure":        {nil, nil, "yes"},
		"actions by default": {func(m *types.MetricAlarm) { m.ActionsEnabled = nil }, nil, "yes"},
		"at least one": {func(m *types.MetricAlarm) {
			m.ComparisonOperator, m.Threshold = "GreaterThanOrEqualToThreshold", aws.Float64(1)
		}, nil, "yes"},
		"at least none":           {func(m *types.MetricAlarm) { m.ComparisonOperator = "GreaterThanOrEqualToThreshold" }, nil, "unknown"},
		"more than minus one":     {func(m *types.MetricAlarm) { m.Threshold = aws.Float64(-1) }, nil, "unknown"},
		"no threshold":            {func(m *types.MetricAlarm) { m.Threshold = nil }, nil, "unknown"},
		"fewer":                   {func(m *types.MetricAlarm) { m.ComparisonOperator = "LessThanThreshold" }, nil, "no"},
		"a band":                  {func(m *types.MetricAlarm) { m.ComparisonOperator = "GreaterThanUpperThreshold" }, nil, "unknown"},
		"a percentile":            {func(m *types.MetricAlarm) { m.Statistic, m.ExtendedStatistic = "", aws.String("p99") }, nil, "unknown"},
		"the least":               {func(m *types.MetricAlarm) { m.Statistic = types.StatisticMinimum }, nil, "unknown"},
		"no actions":              {idle, nil, "no"},
		"actions disabled":        {func(m *types.MetricAlarm) { m.ActionsEnabled = aws.Bool(false) }, nil, "no"},
		"actions of a composite":  {idle, composite(`ALARM("fails")`, "arn:aws:sns:eu-west-1:111111111111:t"), "unknown"},
		"a composite without any": {idle, composite(`ALARM("fails")`), "no"},
		"a composite on another":  {idle, composite(`ALARM("other")`, "arn:aws:sns:eu-west-1:111111111111:t"), "no"},
		"fewer dimensions":        {func(m *types.MetricAlarm) { m.Dimensions = m.Dimensions[:2] }, nil, "no"},
		"more dimensions": {func(m *types.MetricAlarm) {
			m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String("X"), Value: aws.String("x")})
		}, nil, "no"},
		"another metric":           {func(m *types.MetricAlarm) { m.MetricName = aws.String("OperationsPendingReplication") }, nil, ""},
		"another namespace":        {func(m *types.MetricAlarm) { m.Namespace = aws.String("Mine") }, nil, ""},
		"an expression":            {expression("SUM(SEARCH('OperationsFailedReplication', 'Sum'))"), nil, "unknown"},
		"an expression on another": {expression("SUM(SEARCH('BucketSizeBytes', 'Sum'))"), nil, ""},
		"a kind that is not known": {func(m *types.MetricAlarm) { m.MetricName = nil }, nil, "unknown"},
		"an expression over it": {func(m *types.MetricAlarm) {
			m.Metrics, m.MetricName = []types.MetricDataQuery{{MetricStat: &types.MetricStat{Metric: &types.Metric{MetricName: m.MetricName}}}}, nil
		}, nil, "unknown"},
		"a query": {func(m *types.MetricAlarm) {
			m.MetricName = nil
			m.EvaluationCriteria = &types.EvaluationCriteriaMemberPromQLCriteria{Value: types.AlarmPromQLCriteria{Query: aws.String("sum(operations_failed_replication)")}}
		}, nil, "unknown"},
	} {
		all := alarm.Of([]types.MetricAlarm{metric(c.change)}, c.composite)
		got := ""
		if len(all) > 0 {
			got = all[0].Tells
		}
		if got != c.want || (got != "" && got != "yes") != (len(all) > 0 && all[0].Why != "") {
			t.Errorf("%s: %+v, want %q", name, all, c.want)
		}
	}
}

func expression(text string) func(*types.MetricAlarm) {
	return func(m *types.MetricAlarm) {
		m.MetricName, m.Metrics = nil, []types.MetricDataQuery{{Expression: &text}}
	}
}

// TestFor: a bucket has its own alarms, and those that may be about any bucket.
func TestFor(t *testing.T) {
	t.Parallel()
	all := []fact.Alarm{{Name: "a", Source: "src", Tells: "yes"}, {Name: "b", Source: "other", Tells: "yes"}, {Name: "c", Tells: "unknown"}, {Name: "d", Tells: "no"}}
	got := ""
	for _, a := range *alarm.For("src", fact.Of(all)).Value {
		got += a.Name
	}
	if got != "ac" {
		t.Errorf("%q", got)
	}
}
