package sandbox

// lifecycle is the lifecycle configuration of a bucket.
const lifecycle stored[lifecycleConfiguration] = "lifecycle"

func getLifecycle(c *s3call) (*response, *apiError) {
	rules := lifecycle.of(c.b)
	if rules == nil {
		return nil, notFound("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", c.b)
	}
	res, e := xmlAnswer("LifecycleConfiguration", rules)
	if e == nil {
		res.header.Set("X-Amz-Transition-Default-Minimum-Object-Size", "all_storage_classes_128K")
	}
	return res, e
}

func putLifecycle(c *s3call) (*response, *apiError) {
	var in lifecycleConfiguration
	if e := c.read("LifecycleConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) == 0 || len(in.Rules) > 1000 {
		return nil, malformedXML()
	}
	for i := range in.Rules {
		r := &in.Rules[i]
		acts := r.Expiration != nil || r.Transitions != nil || r.NoncurrentVersionExpiration != nil ||
			r.NoncurrentVersionTransitions != nil || r.AbortIncompleteMultipartUpload != nil
		if r.Status != enabled && r.Status != disabled || (r.Filter == nil) == (r.Prefix == nil) {
			return nil, malformedXML()
		}
		if !acts {
			return nil, invalidRequest("At least one action needs to be specified in a rule")
		}
		if r.ID == "" {
			r.ID = c.s.newID("lifecycle")
		}
	}
	lifecycle.set(c.b, &in)
	return done(200)
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
