package sandbox

import (
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/iam"
)

// checkReplication takes a state that PutBucketReplication refuses, such as a
// destination whose versioning was suspended since, but not what no configuration
// can be.
func checkReplication(w *worldSettings, wrong report) {
	if c := w.Replication; c != nil {
		if e := checkConfiguration(c); e != nil {
			wrong(".replication", "%s: %s", e.code, e.message)
		}
	}
}

func loadReplication(s *State, b *bucket, w *worldSettings) {
	if w.Replication != nil {
		b.replication = &replicationConfiguration{w.Replication.Role, slices.Clone(w.Replication.Rules)}
		nameRules(s, b.replication)
	}
}

func getReplication(c *s3call) (*response, *apiError) {
	if c.b.replication == nil {
		return nil, notFound("ReplicationConfigurationNotFoundError", "The replication configuration was not found", c.b)
	}
	return xmlAnswer("ReplicationConfiguration", c.b.replication)
}

func putReplication(c *s3call) (*response, *apiError) {
	var in replicationConfiguration
	if e := c.read("ReplicationConfiguration", &in); e != nil {
		return nil, e
	}
	if e := checkConfiguration(&in); e != nil {
		return nil, e
	}
	if c.foreign() {
		return nil, accessDenied() // also with a grant in the bucket policy
	}
	if c.b.versioning != enabled {
		return nil, invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
	}
	for i := range in.Rules {
		name := in.Rules[i].destinationName()
		destination := c.s.bucket(name)
		switch {
		case name == c.b.name:
			return nil, invalidRequest("Destination bucket cannot be the same as the source bucket.")
		case destination == nil:
			return nil, invalidRequest("Destination bucket must exist.")
		case destination.versioning != enabled:
			return nil, invalidRequest("Destination bucket must have versioning enabled.")
		}
	}
	owner := roleARN.FindStringSubmatch(in.Role)[1]
	if owner != c.caller.account {
		return nil, accessDenied() // a role is passed within its account only
	}
	e := c.authorize(c.s, question{
		action: "iam:PassRole", resource: in.Role, account: owner,
		context: map[string]iam.Value{"iam:passedtoservice": iam.One("s3.amazonaws.com"), "iam:associatedresourcearn": iam.One(c.bucketARN())},
	})
	if e != nil {
		return nil, e
	}
	nameRules(c.s, &in)
	c.b.replication = &in
	return done(200)
}

func removeReplication(b *bucket) { b.replication = nil }

// nameRules gives rules without an ID one, for good.
func nameRules(s *State, c *replicationConfiguration) {
	for i := range c.Rules {
		if c.Rules[i].ID == "" {
			c.Rules[i].ID = s.newID("replication rule")
		}
	}
}

// check refuses what no replication configuration can be.
func checkConfiguration(c *replicationConfiguration) *apiError {
	if c.Role == "" || len(c.Rules) == 0 || len(c.Rules) > 1000 {
		return malformedXML()
	}
	ids, priorities := map[string]bool{}, map[int32]bool{}
	for i := range c.Rules {
		r := &c.Rules[i]
		if e := checkRule(r); e != nil {
			return e
		}
		if r.v2() != c.Rules[0].v2() {
			return invalidRequest("DeleteMarkerReplication cannot be used for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.")
		}
		if !r.v2() && r.Destination.Bucket != c.Rules[0].Destination.Bucket {
			return invalidRequest("Number of distinct destination bucket ARNs cannot exceed 1")
		}
		if r.ID != "" && ids[r.ID] {
			return invalidArgument("Rule Id must be unique. Found same Id for more than one rule", "ID", r.ID)
		}
		ids[r.ID] = true
		if r.Priority != nil {
			if priorities[*r.Priority] {
				return invalidRequest("Found duplicate priorities. Priority must be unique.")
			}
			priorities[*r.Priority] = true
		}
	}
	if !roleARN.MatchString(c.Role) {
		return invalidArgument("Invalid Role ARN", "Role", c.Role)
	}
	return nil
}

func checkRule(r *replicationRule) *apiError {
	const unversioned = " must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information."
	d := r.Destination
	criteria := r.SourceSelectionCriteria
	if criteria == nil {
		criteria = &sourceSelectionCriteria{}
	}
	switch {
	case r.Status != enabled && r.Status != disabled,
		!isStatus(r.DeleteMarkerReplication), !isStatus(criteria.SseKmsEncryptedObjects), !isStatus(criteria.ReplicaModifications),
		r.ExistingObjectReplication != nil, // no longer accepted
		r.Priority != nil && *r.Priority < 0,
		len(r.ID) > 255, len(r.filterPrefix()) > 1024,
		d == nil, d != nil && d.Bucket == "",
		r.Filter == nil && r.Prefix == nil, r.Filter != nil && r.Prefix != nil:
		return malformedXML()
	case d.StorageClass != "" && !slices.Contains(objectClasses, d.StorageClass),
		d.AccessControlTranslation != nil && d.AccessControlTranslation.Owner != "Destination",
		d.Metrics != nil && d.Metrics.Status != enabled && d.Metrics.Status != disabled,
		d.ReplicationTime != nil && d.ReplicationTime.Status != enabled && d.ReplicationTime.Status != disabled:
		return malformedXML()
	}
	if f := r.Filter; f != nil {
		given := 0
		for _, is := range []bool{f.Prefix != nil, f.Tag != nil, f.And != nil} {
			if is {
				given++
			}
		}
		if given > 1 {
			return malformedXML()
		}
	}
	if strings.ContainsFunc(r.ID, func(c rune) bool { return c > 127 }) {
		return invalidArgument("Rule Id can only contain ASCII characters", "ID", r.ID)
	}
	if !bucketARN.MatchString(d.Bucket) {
		return invalidArgument("Invalid bucket ARN", "Bucket", d.Bucket)
	}
	switch {
	case r.v2() && r.Priority == nil:
		return invalidRequest("Priority" + unversioned)
	case r.v2() && r.DeleteMarkerReplication == nil:
		return invalidRequest("DeleteMarkerReplication" + unversioned)
	case !r.v2() && (r.Priority != nil || r.DeleteMarkerReplication != nil || criteria.ReplicaModifications != nil || d.ReplicationTime != nil):
		return invalidRequest("DeleteMarkerReplication cannot be used for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.")
	}
	tags := r.filterTags()
	if len(tags) > 0 && r.DeleteMarkerReplication.enabled() {
		return invalidRequest("Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if seen[t.Key] {
			return invalidRequest("Duplicate Tag Keys are not allowed.")
		}
		seen[t.Key] = true
	}
	switch {
	case d.Account != nil && *d.Account == "":
		return invalidArgument("Account must be specified", "Account", "")
	case d.Account != nil && !isAccountID(*d.Account):
		return invalidArgument("Invalid Account", "Account", *d.Account)
	case d.AccessControlTranslation != nil && d.Account == nil:
		return invalidRequest("Account must be specified if AccessControlTranslation is present.")
	case criteria.SseKmsEncryptedObjects != nil && d.EncryptionConfiguration == nil:
		return invalidRequest("EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is present.")
	case criteria.SseKmsEncryptedObjects == nil && d.EncryptionConfiguration != nil:
		return invalidRequest("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.")
	case d.EncryptionConfiguration != nil && !keyARN.MatchString(d.EncryptionConfiguration.ReplicaKmsKeyID):
		return invalidArgument("Invalid ReplicaKmsKeyID ARN.", "ReplicaKmsKeyID", d.EncryptionConfiguration.ReplicaKmsKeyID)
	}
	return checkTime(d)
}

func isStatus(s *status) bool { return s == nil || s.Status == enabled || s.Status == disabled }

// checkTime judges ReplicationTime and Metrics, which belong together.
func checkTime(d *replicationDestination) *apiError {
	t, m := d.ReplicationTime, d.Metrics
	switch {
	case t != nil && m == nil:
		return invalidRequest("Replication Metrics must be specified along with Replication Time Control.")
	case t != nil && (t.Time == nil || t.Time.Minutes != 15):
		return invalidArgument("ReplicationTime must be 15 minutes", "Minutes", "")
	case t != nil && t.Status != m.Status:
		return invalidArgument("ReplicationTime and Metrics must have the same Status", "Status", m.Status)
	case t != nil && m.EventThreshold == nil:
		return invalidArgument("Metrics must have an EventThreshold with ReplicationTime", "EventThreshold", "")
	case m != nil && m.EventThreshold != nil && t == nil:
		return invalidArgument("EventThreshold needs ReplicationTime", "EventThreshold", "")
	case m != nil && m.EventThreshold != nil && m.EventThreshold.Minutes != 15:
		return invalidArgument("EventThreshold must be 15 minutes", "Minutes", "")
	}
	return nil
}

var (
	roleARN   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}):role/.+$`)
	bucketARN = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyARN    = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)
