package state

// Alarm is a CloudWatch alarm: on a metric, on an expression, or (composite) on other alarms.
type Alarm struct {
	Name           string            `yaml:"name"`
	Region         string            `yaml:"region"`
	Namespace      string            `yaml:"namespace"`  // left out: AWS/S3
	Metric         string            `yaml:"metric"`     // left out: OperationsFailedReplication
	Dimensions     map[string]string `yaml:"dimensions"` // SourceBucket, DestinationBucket, RuleId
	Statistic      string            `yaml:"statistic"`  // left out: Sum
	Comparison     string            `yaml:"comparison"` // left out: GreaterThanThreshold
	Threshold      float64           `yaml:"threshold"`
	Expression     string            `yaml:"expression"`      // of metrics, in place of a metric
	Rule           string            `yaml:"rule"`            // of a composite alarm
	Actions        []string          `yaml:"actions"`         // ARNs
	ActionsEnabled *bool             `yaml:"actions_enabled"` // left out: true
}
