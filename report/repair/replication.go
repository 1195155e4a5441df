package repair

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/scanner/fact"
)

// replicationConfiguration is what PutBucketReplication takes, in the JSON of the aws CLI;
// CloudFormation differs in some names. It has no ExistingObjectReplication: old
// configurations may, and S3 takes none with it any more.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html
type replicationConfiguration struct {
	Role  string
	Rules []replicationRule
}

type replicationRule struct {
	ID                      string             `json:",omitempty"`
	Priority                *int32             `json:",omitempty"`
	Prefix                  *string            `json:",omitempty"` // V1 only
	Filter                  *replicationFilter `json:",omitempty"` // V2 only
	Status                  string
	SourceSelectionCriteria *selection `json:",omitempty"`
	Destination             destination
	DeleteMarkerReplication *status `json:",omitempty"`
}

// replicationFilter has one member.
type replicationFilter struct {
	Prefix *string         `json:",omitempty"`
	Tag    *tag            `json:",omitempty"`
	And    *replicationAnd `json:",omitempty"`
	Not    *replicationNot `json:",omitempty"`
}

type replicationAnd struct {
	Prefix *string         `json:",omitempty"`
	Tags   []tag           `json:",omitempty"`
	Not    *replicationNot `json:",omitempty"`
}

// replicationNot has one member.
type replicationNot struct {
	Prefix *string        `json:",omitempty"`
	Tag    *tag           `json:",omitempty"`
	Or     *replicationOr `json:",omitempty"`
}

type replicationOr struct {
	Prefixes []string `json:",omitempty"`
	Tags     []tag    `json:",omitempty"`
}

type tag struct{ Key, Value string }

type status struct{ Status string }

type selection struct {
	SseKmsEncryptedObjects *status `json:",omitempty"`
	ReplicaModifications   *status `json:",omitempty"`
}

type destination struct {
	Bucket                   string
	Account                  string             `json:",omitempty"`
	StorageClass             string             `json:",omitempty"`
	AccessControlTranslation *translation       `json:",omitempty"`
	EncryptionConfiguration  *replicaEncryption `json:",omitempty"`
	ReplicationTime          *replicationTime   `json:",omitempty"`
	Metrics                  *metrics           `json:",omitempty"`
}

type translation struct{ Owner string }

type replicaEncryption struct {
	ReplicaKmsKeyID         string  `json:",omitempty"`
	UseSourceMultiRegionKey *status `json:",omitempty"`
}

type replicationTime struct {
	Status string
	Time   minutes
}

type metrics struct {
	Status         string
	EventThreshold *minutes `json:",omitempty"`
}

type minutes struct{ Minutes int32 }

// rtcMinutes is the only time that Replication Time Control has.
const rtcMinutes = 15

// toReplication makes what AWS takes of a replication configuration as facts have it.
func toReplication(text string) (*replicationConfiguration, error) {
	var in fact.Replication
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("the replication configuration cannot be read: %w", err)
	}
	out := &replicationConfiguration{Role: in.Role}
	for i := range in.Rules {
		out.Rules = append(out.Rules, toRule(&in.Rules[i]))
	}
	return out, nil
}

func toRule(in *fact.ReplicationRule) replicationRule {
	r := replicationRule{
		ID: in.ID, Status: in.Status,
		DeleteMarkerReplication: toStatus(in.DeleteMarkers),
		Destination:             toDestination(&in.Destination),
	}
	if in.Schema == "V1" {
		r.Prefix = &in.Prefix
		if in.Priority != 0 {
			r.Priority = &in.Priority
		}
	} else {
		r.Filter, r.Priority = toFilter(in), &in.Priority
		if r.DeleteMarkerReplication == nil { // S3 asks for it beside a filter
			r.DeleteMarkerReplication = &status{"Disabled"}
		}
	}
	if s := (selection{toStatus(in.SSEKMSObjects), toStatus(in.ReplicaModifications)}); s != (selection{}) {
		r.SourceSelectionCriteria = &s
	}
	return r
}

func toStatus(s string) *status {
	if s == "" {
		return nil
	}
	return &status{s}
}

func toDestination(in *fact.Destination) destination {
	d := destination{Bucket: in.Bucket, Account: in.Account, StorageClass: in.StorageClass}
	if in.OwnerOverride {
		d.AccessControlTranslation = &translation{"Destination"}
	}
	switch {
	case in.RelatedKey:
		d.EncryptionConfiguration = &replicaEncryption{UseSourceMultiRegionKey: &status{"Enabled"}}
	case in.ReplicaKMSKeyID != "":
		d.EncryptionConfiguration = &replicaEncryption{ReplicaKmsKeyID: in.ReplicaKMSKeyID}
	}
	if in.ReplicationTime != "" {
		d.ReplicationTime = &replicationTime{in.ReplicationTime, minutes{rtcMinutes}}
	}
	if in.Metrics != "" {
		d.Metrics = &metrics{Status: in.Metrics}
		if in.ReplicationTime == "Enabled" {
			d.Metrics.EventThreshold = &minutes{rtcMinutes}
		}
	}
	return d
}

func toFilter(in *fact.ReplicationRule) *replicationFilter {
	var tags []tag
	for _, key := range slices.Sorted(maps.Keys(in.Tags)) {
		tags = append(tags, tag{key, in.Tags[key]})
	}
	not := toNot(in.Exclude)
	prefix := &in.Prefix
	if in.Prefix == "" {
		prefix = nil
	}
	switch {
	case len(tags) == 0 && not == nil:
		return &replicationFilter{Prefix: &in.Prefix}
	case len(tags) == 1 && prefix == nil && not == nil:
		return &replicationFilter{Tag: &tags[0]}
	case len(tags) == 0 && prefix == nil:
		return &replicationFilter{Not: not}
	}
	return &replicationFilter{And: &replicationAnd{prefix, tags, not}}
}

func toNot(in fact.Exclusions) *replicationNot {
	var tags []tag
	for _, t := range in.Tags {
		tags = append(tags, tag(t))
	}
	switch {
	case len(in.Prefixes)+len(tags) == 0:
		return nil
	case len(tags) == 0 && len(in.Prefixes) == 1:
		return &replicationNot{Prefix: &in.Prefixes[0]}
	case len(in.Prefixes) == 0 && len(tags) == 1:
		return &replicationNot{Tag: &tags[0]}
	}
	return &replicationNot{Or: &replicationOr{in.Prefixes, tags}}
}

// excludes reports whether the rule leaves objects out.
func (r *replicationRule) excludes() bool {
	return r.Filter != nil && (r.Filter.Not != nil || r.Filter.And != nil && r.Filter.And.Not != nil)
}

// relatedKey reports whether replicas are under the multi-Region key related to that of the object.
func (d *destination) relatedKey() bool {
	return d.EncryptionConfiguration != nil && d.EncryptionConfiguration.UseSourceMultiRegionKey != nil
}
