package scanner

import "testing"

// TestAlarmsAreReadWhereNothingElseTells: once for an account and Region, and not where the
// bucket notifies of failures, or what it notifies of could not be read.
func TestAlarmsAreReadWhereNothingElseTells(t *testing.T) {
	t.Parallel()
	const silent = `<NotificationConfiguration/>`
	const other = `<NotificationConfiguration><TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:eu-west-1:111111111111:t</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration></NotificationConfiguration>`
	const noisy = `<NotificationConfiguration><TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:eu-west-1:111111111111:t</Topic><Event>s3:Replication:OperationFailedReplication</Event></TopicConfiguration></NotificationConfiguration>`
	const alarms = `{"MetricAlarms":[{"AlarmName":"a","Namespace":"AWS/S3","MetricName":"OperationsFailedReplication","AlarmActions":["arn:aws:sns:eu-west-1:111111111111:t"],"Statistic":"Sum","ComparisonOperator":"GreaterThanThreshold","Threshold":0.0,` +
		`"Dimensions":[{"Name":"SourceBucket","Value":"src"},{"Name":"DestinationBucket","Value":"dst"},{"Name":"RuleId","Value":"all"}]}],"CompositeAlarms":[]}`
	for name, c := range map[string]struct {
		notification, alarms reply
		calls                int
		want                 string // tells, gap, or "" = not read
	}{
		"silent":         {reply{200, nil, silent}, reply{200, nil, alarms}, 1, "yes"},
		"other events":   {reply{200, nil, other}, reply{200, nil, alarms}, 1, "yes"},
		"noisy":          {reply{200, nil, noisy}, reply{200, nil, alarms}, 0, ""},
		"not readable":   {s3Error(403, "AccessDenied", "no"), reply{200, nil, alarms}, 0, ""},
		"denied":         {reply{200, nil, silent}, reply{400, nil, `{"__type":"AccessDenied","message":"no"}`}, 1, "gap"},
		"not understood": {reply{200, nil, silent}, reply{200, nil, `{"MetricAlarms":{}}`}, 1, "gap"},
		"no answer":      {reply{200, nil, silent}, reply{200, nil, `{}`}, 1, "gap"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.answer("GET /src?notification", c.notification)
			f.answer("cloudwatch:DescribeAlarms", c.alarms)
			doc, _ := f.src(t, "source.alarms", "source.notification")
			got := ""
			switch a := doc.Bucket.Alarms; {
			case a.Gap != nil:
				got = "gap"
			case a.Value != nil && len(*a.Value) == 1:
				got = (*a.Value)[0].Tells
			}
			if n := f.count("cloudwatch:DescribeAlarms"); got != c.want || n != c.calls {
				t.Errorf("%q after %d calls, want %q after %d: %+v", got, n, c.want, c.calls, doc.Bucket.Alarms)
			}
		})
	}
}
