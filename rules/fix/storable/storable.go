// Package storable turns a replication configuration that S3 answered with into one that
// PutBucketReplication accepts: S3 refuses some elements of old configurations.
package storable

import (
	"slices"

	"crosscheck/scanner/fact"
)

// Rule takes out of a rule what S3 answered with and refuses to store.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ExistingObjectReplication.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func Rule(r *fact.ReplicationRule) {
	r.ExistingObjects = ""
	if r.Destination.ReplicationTime == "Disabled" && r.Destination.Metrics == "Enabled" {
		r.Destination.ReplicationTime = "" // both have one status, or one is not there
	}
}

// Modern makes of all rules those of schema V2 that S3 stores, which replicate what they did. S3 stores none of
// both in one configuration, and no priority twice.
func Modern(r *fact.Replication) {
	var taken []int32
	for _, rule := range r.Rules {
		if rule.Schema == "V2" {
			taken = append(taken, rule.Priority)
		}
	}
	for i := range r.Rules {
		rule := &r.Rules[i]
		Rule(rule)
		if rule.Schema == "V2" {
			continue
		}
		rule.Schema, rule.DeleteMarkers, rule.Priority = "V2", "Enabled", 1
		for slices.Contains(taken, rule.Priority) {
			rule.Priority++
		}
		taken = append(taken, rule.Priority)
	}
}
