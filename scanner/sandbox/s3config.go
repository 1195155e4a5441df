package sandbox

// The configurations of a bucket, as S3 stores and returns them. Each type has
// two forms: the XML of the REST API, and the shape the AWS CLI prints
// (`aws s3api get-bucket-…`), which worlds are written in. A pointer that is nil
// is an element that was not given: a rule without Filter is schema V1, one with
// an empty Filter is V2.

// replicationConfiguration is the body of PutBucketReplication.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html
type replicationConfiguration struct {
	Role  string            `xml:"Role" yaml:"Role"`
	Rules []replicationRule `xml:"Rule" yaml:"Rules"`
}

type replicationRule struct {
	ID                        string                   `xml:"ID" yaml:"ID"`
	Priority                  *int32                   `xml:"Priority" yaml:"Priority"`
	Prefix                    *string                  `xml:"Prefix" yaml:"Prefix"` // V1 only
	Filter                    *replicationFilter       `xml:"Filter" yaml:"Filter"` // not nil: V2
	Status                    string                   `xml:"Status" yaml:"Status"`
	SourceSelectionCriteria   *sourceSelectionCriteria `xml:"SourceSelectionCriteria" yaml:"SourceSelectionCriteria"`
	ExistingObjectReplication *status                  `xml:"ExistingObjectReplication" yaml:"ExistingObjectReplication"`
	Destination               *replicationDestination  `xml:"Destination" yaml:"Destination"`
	DeleteMarkerReplication   *status                  `xml:"DeleteMarkerReplication" yaml:"DeleteMarkerReplication"`
}

type replicationFilter struct {
	Prefix *string         `xml:"Prefix" yaml:"Prefix"`
	Tag    *tag            `xml:"Tag" yaml:"Tag"`
	And    *replicationAnd `xml:"And" yaml:"And"`
}

type replicationAnd struct {
	Prefix *string `xml:"Prefix" yaml:"Prefix"`
	Tags   []tag   `xml:"Tag" yaml:"Tags"`
}

type sourceSelectionCriteria struct {
	SseKmsEncryptedObjects *status `xml:"SseKmsEncryptedObjects" yaml:"SseKmsEncryptedObjects"`
	ReplicaModifications   *status `xml:"ReplicaModifications" yaml:"ReplicaModifications"`
}

type replicationDestination struct {
	Bucket                   string                    `xml:"Bucket" yaml:"Bucket"`
	Account                  *string                   `xml:"Account" yaml:"Account"`
	StorageClass             string                    `xml:"StorageClass,omitempty" yaml:"StorageClass"`
	AccessControlTranslation *accessControlTranslation `xml:"AccessControlTranslation" yaml:"AccessControlTranslation"`
	EncryptionConfiguration  *replicaEncryption        `xml:"EncryptionConfiguration" yaml:"EncryptionConfiguration"`
	ReplicationTime          *replicationTime          `xml:"ReplicationTime" yaml:"ReplicationTime"`
	Metrics                  *replicationMetrics       `xml:"Metrics" yaml:"Metrics"`
}

type accessControlTranslation struct {
	Owner string `xml:"Owner" yaml:"Owner"`
}

type replicaEncryption struct {
	ReplicaKmsKeyID string `xml:"ReplicaKmsKeyID" yaml:"ReplicaKmsKeyID"`
}

type replicationTime struct {
	Status string   `xml:"Status" yaml:"Status"`
	Time   *minutes `xml:"Time" yaml:"Time"`
}

type replicationMetrics struct {
	Status         string   `xml:"Status" yaml:"Status"`
	EventThreshold *minutes `xml:"EventThreshold" yaml:"EventThreshold"`
}

type minutes struct {
	Minutes int32 `xml:"Minutes" yaml:"Minutes"`
}

// status is an element that holds only Enabled or Disabled.
type status struct {
	Status string `xml:"Status" yaml:"Status"`
}

type tag struct {
	Key   string `xml:"Key" yaml:"Key"`
	Value string `xml:"Value" yaml:"Value"`
}

// lifecycleConfiguration is the body of PutBucketLifecycleConfiguration.
type lifecycleConfiguration struct {
	Rules []lifecycleRule `xml:"Rule" yaml:"Rules"`
}

type lifecycleRule struct {
	ID                             string                 `xml:"ID,omitempty" yaml:"ID"`
	Prefix                         *string                `xml:"Prefix" yaml:"Prefix"`
	Filter                         *lifecycleFilter       `xml:"Filter" yaml:"Filter"`
	Status                         string                 `xml:"Status" yaml:"Status"`
	Expiration                     *lifecycleExpiration   `xml:"Expiration" yaml:"Expiration"`
	Transitions                    []lifecycleTransition  `xml:"Transition" yaml:"Transitions"`
	NoncurrentVersionExpiration    *noncurrentExpiration  `xml:"NoncurrentVersionExpiration" yaml:"NoncurrentVersionExpiration"`
	NoncurrentVersionTransitions   []noncurrentTransition `xml:"NoncurrentVersionTransition" yaml:"NoncurrentVersionTransitions"`
	AbortIncompleteMultipartUpload *abortIncompleteUpload `xml:"AbortIncompleteMultipartUpload" yaml:"AbortIncompleteMultipartUpload"`
}

type lifecycleFilter struct {
	Prefix                *string       `xml:"Prefix" yaml:"Prefix"`
	Tag                   *tag          `xml:"Tag" yaml:"Tag"`
	ObjectSizeGreaterThan *int64        `xml:"ObjectSizeGreaterThan" yaml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64        `xml:"ObjectSizeLessThan" yaml:"ObjectSizeLessThan"`
	And                   *lifecycleAnd `xml:"And" yaml:"And"`
}

type lifecycleAnd struct {
	Prefix                *string `xml:"Prefix" yaml:"Prefix"`
	Tags                  []tag   `xml:"Tag" yaml:"Tags"`
	ObjectSizeGreaterThan *int64  `xml:"ObjectSizeGreaterThan" yaml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64  `xml:"ObjectSizeLessThan" yaml:"ObjectSizeLessThan"`
}

type lifecycleExpiration struct {
	Date                      string `xml:"Date,omitempty" yaml:"Date"`
	Days                      *int32 `xml:"Days" yaml:"Days"`
	ExpiredObjectDeleteMarker *bool  `xml:"ExpiredObjectDeleteMarker" yaml:"ExpiredObjectDeleteMarker"`
}

type lifecycleTransition struct {
	Date         string `xml:"Date,omitempty" yaml:"Date"`
	Days         *int32 `xml:"Days" yaml:"Days"`
	StorageClass string `xml:"StorageClass" yaml:"StorageClass"`
}

type noncurrentExpiration struct {
	NoncurrentDays          *int32 `xml:"NoncurrentDays" yaml:"NoncurrentDays"`
	NewerNoncurrentVersions *int32 `xml:"NewerNoncurrentVersions" yaml:"NewerNoncurrentVersions"`
}

type noncurrentTransition struct {
	NoncurrentDays          *int32 `xml:"NoncurrentDays" yaml:"NoncurrentDays"`
	NewerNoncurrentVersions *int32 `xml:"NewerNoncurrentVersions" yaml:"NewerNoncurrentVersions"`
	StorageClass            string `xml:"StorageClass" yaml:"StorageClass"`
}

type abortIncompleteUpload struct {
	DaysAfterInitiation *int32 `xml:"DaysAfterInitiation" yaml:"DaysAfterInitiation"`
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
