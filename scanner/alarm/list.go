package alarm

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// JSON makes a client of CloudWatch speak JSON, which can be read as other answers are; by
// itself the SDK speaks CBOR.
func JSON(o *cloudwatch.Options) { o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801) }

// maxAlarms is the size of a page of alarms, the most that AWS allows.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
const maxAlarms = 100

// List reads the alarms on failed replication of the account and Region of a client.
func List(ctx context.Context, c *cloudwatch.Client) ([]fact.Alarm, error) {
	var metric []types.MetricAlarm
	var composite []types.CompositeAlarm
	err := client.Pages(func(token *string) (*string, error) {
		out, err := c.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			NextToken: token, MaxRecords: aws.Int32(maxAlarms),
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		})
		if err != nil {
			return nil, err
		}
		metric, composite = append(metric, out.MetricAlarms...), append(composite, out.CompositeAlarms...)
		return out.NextToken, nil
	})
	return Of(metric, composite), err
}
