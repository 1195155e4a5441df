package setting

import (
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/wire"
)

// notification is the notification configuration of a bucket.
const notification stored[notificationConfiguration] = "notification"

func getNotification(c *request.Request) (*wire.Response, *wire.Error) {
	targets := notification.of(c.Bucket)
	if targets == nil {
		targets = &notificationConfiguration{}
	}
	return wire.AnswerXML("NotificationConfiguration", targets)
}

func putNotification(c *request.Request) (*wire.Response, *wire.Error) {
	var in notificationConfiguration
	if e := c.Read("NotificationConfiguration", &in); e != nil {
		return nil, e
	}
	target := func(id *string, arn string, events []string) *wire.Error {
		if !strings.HasPrefix(arn, "arn:") || len(events) == 0 {
			return wire.InvalidArgument("The ARN is not well formed", "ARN", arn)
		}
		for _, event := range events {
			if !strings.HasPrefix(event, "s3:") {
				return wire.InvalidArgument("The event '"+event+"' is not supported for notifications", "Event", event)
			}
		}
		if *id == "" {
			*id = c.State.NewID("notification")
		}
		return nil
	}
	for i := range in.TopicConfigurations {
		t := &in.TopicConfigurations[i]
		if e := target(&t.ID, t.TopicArn, t.Events); e != nil {
			return nil, e
		}
	}
	for i := range in.QueueConfigurations {
		t := &in.QueueConfigurations[i]
		if e := target(&t.ID, t.QueueArn, t.Events); e != nil {
			return nil, e
		}
	}
	for i := range in.LambdaFunctionConfigurations {
		t := &in.LambdaFunctionConfigurations[i]
		if e := target(&t.ID, t.LambdaFunctionArn, t.Events); e != nil {
			return nil, e
		}
	}
	notification.set(c.Bucket, &in)
	return wire.Done(200)
}

// notificationConfiguration is the body of PutBucketNotificationConfiguration.
type notificationConfiguration struct {
	TopicConfigurations          []topicConfiguration  `xml:"TopicConfiguration" yaml:"TopicConfigurations"`
	QueueConfigurations          []queueConfiguration  `xml:"QueueConfiguration" yaml:"QueueConfigurations"`
	LambdaFunctionConfigurations []lambdaConfiguration `xml:"CloudFunctionConfiguration" yaml:"LambdaFunctionConfigurations"`
	EventBridgeConfiguration     *struct{}             `xml:"EventBridgeConfiguration" yaml:"EventBridgeConfiguration"`
}

type topicConfiguration struct {
	ID       string              `xml:"Id" yaml:"Id"`
	TopicArn string              `xml:"Topic" yaml:"TopicArn"`
	Events   []string            `xml:"Event" yaml:"Events"`
	Filter   *notificationFilter `xml:"Filter" yaml:"Filter"`
}

type queueConfiguration struct {
	ID       string              `xml:"Id" yaml:"Id"`
	QueueArn string              `xml:"Queue" yaml:"QueueArn"`
	Events   []string            `xml:"Event" yaml:"Events"`
	Filter   *notificationFilter `xml:"Filter" yaml:"Filter"`
}

type lambdaConfiguration struct {
	ID                string              `xml:"Id" yaml:"Id"`
	LambdaFunctionArn string              `xml:"CloudFunction" yaml:"LambdaFunctionArn"`
	Events            []string            `xml:"Event" yaml:"Events"`
	Filter            *notificationFilter `xml:"Filter" yaml:"Filter"`
}

type notificationFilter struct {
	Key *notificationKeyFilter `xml:"S3Key" yaml:"Key"`
}

type notificationKeyFilter struct {
	FilterRules []notificationFilterRule `xml:"FilterRule" yaml:"FilterRules"`
}

type notificationFilterRule struct {
	Name  string `xml:"Name" yaml:"Name"`
	Value string `xml:"Value" yaml:"Value"`
}
