package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// lifecycle is the lifecycle configuration of a bucket.
const lifecycle stored[lifecycleConfiguration] = "lifecycle"

func getLifecycle(c *request.Request) (*wire.Response, *wire.Error) {
	rules := lifecycle.of(c.Bucket)
	if rules == nil {
		return nil, request.NotFound("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", c.Bucket)
	}
	res, e := wire.AnswerXML("LifecycleConfiguration", rules)
	if e == nil {
		res.Header.Set("X-Amz-Transition-Default-Minimum-Object-Size", "all_storage_classes_128K")
	}
	return res, e
}

func putLifecycle(c *request.Request) (*wire.Response, *wire.Error) {
	var in lifecycleConfiguration
	if e := c.Read("LifecycleConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) == 0 || len(in.Rules) > 1000 {
		return nil, wire.MalformedXML()
	}
	for i := range in.Rules {
		r := &in.Rules[i]
		acts := r.Expiration != nil || r.Transitions != nil || r.NoncurrentVersionExpiration != nil ||
			r.NoncurrentVersionTransitions != nil || r.AbortIncompleteMultipartUpload != nil
		if r.Status != state.Enabled && r.Status != state.Disabled || (r.Filter == nil) == (r.Prefix == nil) {
			return nil, wire.MalformedXML()
		}
		if !acts {
			return nil, wire.InvalidRequest("At least one action needs to be specified in a rule")
		}
		if r.ID == "" {
			r.ID = c.State.NewID("lifecycle")
		}
	}
	lifecycle.set(c.Bucket, &in)
	return wire.Done(200)
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
	Tag                   *state.Tag    `xml:"Tag" yaml:"Tag"`
	ObjectSizeGreaterThan *int64        `xml:"ObjectSizeGreaterThan" yaml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64        `xml:"ObjectSizeLessThan" yaml:"ObjectSizeLessThan"`
	And                   *lifecycleAnd `xml:"And" yaml:"And"`
}

type lifecycleAnd struct {
	Prefix                *string     `xml:"Prefix" yaml:"Prefix"`
	Tags                  []state.Tag `xml:"Tag" yaml:"Tags"`
	ObjectSizeGreaterThan *int64      `xml:"ObjectSizeGreaterThan" yaml:"ObjectSizeGreaterThan"`
	ObjectSizeLessThan    *int64      `xml:"ObjectSizeLessThan" yaml:"ObjectSizeLessThan"`
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
