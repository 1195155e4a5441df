// Package cloudwatch is Amazon CloudWatch in the sandbox: the operation that reads alarms.
package cloudwatch

import (
	"slices"

	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// request is the members of all requests that the sandbox reads.
type request struct {
	AlarmTypes []string
	MaxRecords *int
	NextToken  string
}

// Service answers DescribeAlarms.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
var Service = service.JSON[request]{
	Name: "cloudwatch", Target: "GraniteServiceVersion20100801.",
	Throttled: "ThrottlingException", Internal: "InternalServiceFault",
	Operations: map[string]func(*state.State, *service.Call, request) (wire.Object, *wire.Error){"DescribeAlarms": describeAlarms},
}.Service()

// describeAlarms lists the alarms of the caller's account and Region, by default those on metrics.
func describeAlarms(s *state.State, c *service.Call, in request) (wire.Object, *wire.Error) {
	if e := c.Authorize(s, state.Question{Action: c.Op, Resource: "*", Account: c.Caller.Account}); e != nil {
		return nil, e
	}
	limit := 50
	if in.MaxRecords != nil {
		limit = *in.MaxRecords
	}
	if limit < 1 || limit > 100 {
		return nil, &wire.Error{Status: 400, Code: "ValidationError", Message: "MaxRecords is between 1 and 100"}
	}
	var all []state.Alarm
	for _, a := range s.Accounts[c.Caller.Account].Alarms {
		kind := "MetricAlarm"
		if a.Rule != "" {
			kind = "CompositeAlarm"
		}
		if a.Region == c.Region && (slices.Contains(in.AlarmTypes, kind) || in.AlarmTypes == nil && a.Rule == "") {
			all = append(all, a)
		}
	}
	page, next, ok := wire.Page(all, in.NextToken, limit)
	if !ok {
		return nil, &wire.Error{Status: 400, Code: "InvalidNextToken", Message: "The next token is not valid"}
	}
	metric, composite := []wire.Object{}, []wire.Object{}
	for _, a := range page {
		out := wire.Object{
			"AlarmName": a.Name, "AlarmArn": "arn:" + s.Partition + ":cloudwatch:" + a.Region + ":" + c.Caller.Account + ":alarm:" + a.Name,
			"ActionsEnabled": a.ActionsEnabled == nil || *a.ActionsEnabled, "AlarmActions": append([]string{}, a.Actions...),
			"OKActions": []string{}, "InsufficientDataActions": []string{}, "StateValue": "OK",
		}
		switch {
		case a.Rule != "":
			out["AlarmRule"] = a.Rule
			composite = append(composite, out)
			continue
		case a.Expression != "":
			out["Metrics"] = []wire.Object{{"Id": "e1", "Expression": a.Expression, "ReturnData": true}}
		default:
			dimensions := wire.TagList(a.Dimensions, "Name", "Value")
			if dimensions == nil {
				dimensions = []wire.Object{}
			}
			out["Namespace"], out["MetricName"], out["Dimensions"] = a.Namespace, a.Metric, dimensions
			out["Period"], out["Statistic"] = 300, a.Statistic
		}
		out["EvaluationPeriods"], out["Threshold"], out["ComparisonOperator"], out["TreatMissingData"] = 1, a.Threshold, a.Comparison, "missing"
		metric = append(metric, out)
	}
	return wire.Object{"MetricAlarms": metric, "CompositeAlarms": composite, "NextToken": wire.Optional(next)}, nil
}
