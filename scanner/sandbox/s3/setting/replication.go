package setting

import (
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// checkReplication takes a state that PutBucketReplication refuses, such as a
// destination whose versioning was suspended since, but not what no configuration
// can be.
func checkReplication(w *World, wrong report) {
	if c := w.Replication; c != nil {
		if e := checkConfiguration(c); e != nil {
			wrong(".replication", "%s: %s", e.Code, e.Message)
		}
	}
}

func loadReplication(s *state.State, b *state.Bucket, w *World) {
	if w.Replication != nil {
		b.Replication = &state.ReplicationConfiguration{Role: w.Replication.Role, Rules: slices.Clone(w.Replication.Rules)}
		nameRules(s, b.Replication)
	}
}

func getReplication(c *request.Request) (*wire.Response, *wire.Error) {
	if c.Bucket.Replication == nil {
		return nil, request.NotFound("ReplicationConfigurationNotFoundError", "The replication configuration was not found", c.Bucket)
	}
	return wire.AnswerXML("ReplicationConfiguration", c.Bucket.Replication)
}

func putReplication(c *request.Request) (*wire.Response, *wire.Error) {
	var in state.ReplicationConfiguration
	if e := c.Read("ReplicationConfiguration", &in); e != nil {
		return nil, e
	}
	if e := checkConfiguration(&in); e != nil {
		return nil, e
	}
	if c.Foreign() {
		return nil, wire.AccessDenied() // also with a grant in the bucket policy
	}
	if c.Bucket.Versioning != state.Enabled {
		return nil, wire.InvalidRequest(
			"Versioning must be 'Enabled' on the bucket to apply a replication configuration",
		)
	}
	for i := range in.Rules {
		name := in.Rules[i].DestinationName()
		destination := c.State.Bucket(name)
		switch {
		case name == c.Bucket.Name:
			return nil, wire.InvalidRequest("Destination bucket cannot be the same as the source bucket.")
		case destination == nil:
			return nil, wire.InvalidRequest("Destination bucket must exist.")
		case destination.Versioning != state.Enabled:
			return nil, wire.InvalidRequest("Destination bucket must have versioning enabled.")
		}
	}
	owner := roleARN.FindStringSubmatch(in.Role)[1]
	if owner != c.Caller.Account {
		return nil, wire.AccessDenied() // a role is passed within its account only
	}
	e := c.Authorize(c.State, state.Question{
		Action: "iam:PassRole", Resource: in.Role, Account: owner,
		Context: map[string]contextkey.Value{"iam:passedtoservice": contextkey.One("s3.amazonaws.com"), "iam:associatedresourcearn": contextkey.One(c.BucketARN())},
	})
	if e != nil {
		return nil, e
	}
	nameRules(c.State, &in)
	c.Bucket.Replication = &in
	return wire.Done(200)
}

func removeReplication(b *state.Bucket) { b.Replication = nil }

// nameRules gives rules without an ID one, for good.
func nameRules(s *state.State, c *state.ReplicationConfiguration) {
	for i := range c.Rules {
		if c.Rules[i].ID == "" {
			c.Rules[i].ID = s.NewID("replication rule")
		}
	}
}

// check refuses what no replication configuration can be.
func checkConfiguration(c *state.ReplicationConfiguration) *wire.Error {
	if c.Role == "" || len(c.Rules) == 0 || len(c.Rules) > 1000 {
		return wire.MalformedXML()
	}
	ids, priorities := map[string]bool{}, map[int32]bool{}
	for i := range c.Rules {
		r := &c.Rules[i]
		if e := checkRule(r); e != nil {
			return e
		}
		if r.V2() != c.Rules[0].V2() {
			return wire.InvalidRequest(
				"DeleteMarkerReplication cannot be used for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
			)
		}
		if !r.V2() && r.Destination.Bucket != c.Rules[0].Destination.Bucket {
			return wire.InvalidRequest("Number of distinct destination bucket ARNs cannot exceed 1")
		}
		if r.ID != "" && ids[r.ID] {
			return wire.InvalidArgument("Rule Id must be unique. Found same Id for more than one rule", "ID", r.ID)
		}
		ids[r.ID] = true
		if r.Priority != nil {
			if priorities[*r.Priority] {
				return wire.InvalidRequest("Found duplicate priorities. Priority must be unique.")
			}
			priorities[*r.Priority] = true
		}
	}
	if !roleARN.MatchString(c.Role) {
		return wire.InvalidArgument("Invalid Role ARN", "Role", c.Role)
	}
	return nil
}

func checkRule(r *state.ReplicationRule) *wire.Error {
	const unversioned = " must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information."
	d := r.Destination
	criteria := r.SourceSelectionCriteria
	if criteria == nil {
		criteria = &state.SourceSelectionCriteria{}
	}
	switch {
	case r.Status != state.Enabled && r.Status != state.Disabled,
		!isStatus(r.DeleteMarkerReplication), !isStatus(criteria.SseKmsEncryptedObjects), !isStatus(criteria.ReplicaModifications),
		d != nil && d.EncryptionConfiguration != nil && !isStatus(d.EncryptionConfiguration.UseSourceMultiRegionKey),
		r.ExistingObjectReplication != nil, // no longer accepted
		r.Priority != nil && *r.Priority < 0,
		len(r.ID) > 255, len(r.FilterPrefix()) > 1024,
		d == nil, d != nil && d.Bucket == "",
		r.Filter == nil && r.Prefix == nil, r.Filter != nil && r.Prefix != nil:
		return wire.MalformedXML()
	case d.StorageClass != "" && !slices.Contains(state.ObjectClasses, d.StorageClass),
		d.AccessControlTranslation != nil && d.AccessControlTranslation.Owner != "Destination",
		d.Metrics != nil && d.Metrics.Status != state.Enabled && d.Metrics.Status != state.Disabled,
		d.ReplicationTime != nil && d.ReplicationTime.Status != state.Enabled && d.ReplicationTime.Status != state.Disabled:
		return wire.MalformedXML()
	}
	if f := r.Filter; f != nil {
		if given(f.Prefix != nil, f.Tag != nil, f.And != nil, f.Not != nil) > 1 || !isNot(f.Not) || f.And != nil && !isNot(f.And.Not) {
			return wire.MalformedXML()
		}
	}
	if strings.ContainsFunc(r.ID, func(c rune) bool { return c > 127 }) {
		return wire.InvalidArgument("Rule Id can only contain ASCII characters", "ID", r.ID)
	}
	if !bucketARN.MatchString(d.Bucket) {
		return wire.InvalidArgument("Invalid bucket ARN", "Bucket", d.Bucket)
	}
	switch {
	case r.V2() && r.Priority == nil:
		return wire.InvalidRequest("Priority" + unversioned)
	case r.V2() && r.DeleteMarkerReplication == nil:
		return wire.InvalidRequest("DeleteMarkerReplication" + unversioned)
	case !r.V2() && (r.Priority != nil || r.DeleteMarkerReplication != nil || criteria.ReplicaModifications != nil || d.ReplicationTime != nil):
		return wire.InvalidRequest(
			"DeleteMarkerReplication cannot be used for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
		)
	}
	tags := r.FilterTags()
	if (len(tags) > 0 || len(r.Excluded().Tags) > 0) && r.DeleteMarkerReplication.Enabled() {
		return wire.InvalidRequest(
			"Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.",
		)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if seen[t.Key] {
			return wire.InvalidRequest("Duplicate Tag Keys are not allowed.")
		}
		seen[t.Key] = true
	}
	switch {
	case d.Account != nil && *d.Account == "":
		return wire.InvalidArgument("Account must be specified", "Account", "")
	case d.Account != nil && !state.IsAccountID(*d.Account):
		return wire.InvalidArgument("Invalid Account", "Account", *d.Account)
	case d.AccessControlTranslation != nil && d.Account == nil:
		return wire.InvalidRequest("Account must be specified if AccessControlTranslation is present.")
	case criteria.SseKmsEncryptedObjects != nil && d.EncryptionConfiguration == nil:
		return wire.InvalidRequest(
			"EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is present.",
		)
	case criteria.SseKmsEncryptedObjects == nil && d.EncryptionConfiguration != nil:
		return wire.InvalidRequest("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.")
	case d.EncryptionConfiguration != nil && d.EncryptionConfiguration.UseSourceMultiRegionKey.Enabled():
		if d.EncryptionConfiguration.ReplicaKmsKeyID != "" {
			return wire.InvalidRequest("ReplicaKmsKeyID cannot be specified if UseSourceMultiRegionKey is Enabled.")
		}
	case d.EncryptionConfiguration != nil && !keyARN.MatchString(d.EncryptionConfiguration.ReplicaKmsKeyID):
		return wire.InvalidArgument(
			"Invalid ReplicaKmsKeyID ARN.",
			"ReplicaKmsKeyID", d.EncryptionConfiguration.ReplicaKmsKeyID,
		)
	}
	return checkTime(d)
}

// given counts the members that are given.
func given(members ...bool) (n int) {
	for _, is := range members {
		if is {
			n++
		}
	}
	return n
}

// isNot reports whether S3 takes what a filter excludes.
func isNot(n *state.ReplicationNot) bool {
	return n == nil || given(n.Prefix != nil, n.Tag != nil, n.Or != nil) == 1 &&
		(n.Or == nil || len(n.Or.Prefixes)+len(n.Or.Tags) > 0)
}

func isStatus(s *state.Status) bool {
	return s == nil || s.Status == state.Enabled || s.Status == state.Disabled
}

// checkTime judges ReplicationTime and Metrics, which belong together.
func checkTime(d *state.ReplicationDestination) *wire.Error {
	t, m := d.ReplicationTime, d.Metrics
	switch {
	case t != nil && m == nil:
		return wire.InvalidRequest("Replication Metrics must be specified along with Replication Time Control.")
	case t != nil && (t.Time == nil || t.Time.Minutes != 15):
		return wire.InvalidArgument("ReplicationTime must be 15 minutes", "Minutes", "")
	case t != nil && t.Status != m.Status:
		return wire.InvalidArgument("ReplicationTime and Metrics must have the same Status", "Status", m.Status)
	case t != nil && m.EventThreshold == nil:
		return wire.InvalidArgument("Metrics must have an EventThreshold with ReplicationTime", "EventThreshold", "")
	case m != nil && m.EventThreshold != nil && t == nil:
		return wire.InvalidArgument("EventThreshold needs ReplicationTime", "EventThreshold", "")
	case m != nil && m.EventThreshold != nil && m.EventThreshold.Minutes != 15:
		return wire.InvalidArgument("EventThreshold must be 15 minutes", "Minutes", "")
	}
	return nil
}

var (
	roleARN   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}):role/.+$`)
	bucketARN = regexp.MustCompile(`^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyARN    = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)
