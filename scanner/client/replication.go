package client

import (
	"bytes"
	"encoding/xml"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"crosscheck/scanner/fact"
)

type bodyKey struct{}

// KeepBody keeps the body of an answer beside what the SDK makes of it. The clients of a
// [Session] do so once they have compared it with what the API answers.
func KeepBody(md *middleware.Metadata, body []byte) { md.Set(bodyKey{}, body) }

// Body is the body of an answer that a client of a [Session] gave, with the elements that
// the SDK does not know; nil where it was not kept.
func Body(md middleware.Metadata) []byte {
	body, _ := md.Get(bodyKey{}).([]byte)
	return body
}

// Replicated is what a replication rule says of its objects and their replicas.
type Replicated struct {
	Prefix  string
	Tags    []types.Tag
	Exclude fact.Exclusions

	ReplicaKeyID string // "" = none
	RelatedKey   bool   // replicas are under the multi-Region key related to that of the source object
}

// ruleXML are the elements of a rule that the SDK drops.
type ruleXML struct {
	Filter *struct {
		Not *notXML
		And *struct{ Not *notXML }
	}
	Related string `xml:"Destination>EncryptionConfiguration>UseSourceMultiRegionKey>Status"`
}

type notXML struct {
	Prefix *string
	Tag    *fact.Tag
	Or     *struct {
		Prefix []string
		Tag    []fact.Tag
	}
}

// Replications reads what the rules of a replication configuration say of their objects,
// rule by rule. The SDK knows only a part of it; the rest is read from the body.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRuleFilter.html
func Replications(out *s3.GetBucketReplicationOutput) ([]Replicated, error) {
	rules := out.ReplicationConfiguration.Rules
	body := Body(out.ResultMetadata)
	if body == nil {
		return nil, Malformed("the text of the answer was not kept, and the SDK does not know all of it")
	}
	more := make([]ruleXML, len(rules))
	if bytes.Contains(body, []byte("<Not")) || bytes.Contains(body, []byte("<UseSourceMultiRegionKey")) {
		var whole struct {
			Rule []ruleXML
		}
		if err := xml.Unmarshal(body, &whole); err != nil || len(whole.Rule) != len(rules) {
			return nil, Malformed("the rules of the answer cannot be read a second time")
		}
		more = whole.Rule
	}
	all := make([]Replicated, len(rules))
	for i, in := range rules {
		r := &all[i]
		if in.Prefix != nil { //nolint:staticcheck // deprecated, and all that a V1 rule has
			r.Prefix = *in.Prefix //nolint:staticcheck // the same
		}
		r.filter(in.Filter)
		r.exclude(more[i])
		if d := in.Destination; d != nil && d.EncryptionConfiguration != nil {
			if id := d.EncryptionConfiguration.ReplicaKmsKeyID; id != nil {
				r.ReplicaKeyID = *id
			}
			r.RelatedKey = more[i].Related == "Enabled"
		}
	}
	return all, nil
}

func (r *Replicated) filter(f *types.ReplicationRuleFilter) {
	switch {
	case f == nil:
	case f.And != nil:
		if f.And.Prefix != nil {
			r.Prefix = *f.And.Prefix
		}
		r.Tags = f.And.Tags
	case f.Tag != nil:
		r.Tags = []types.Tag{*f.Tag}
	case f.Prefix != nil:
		r.Prefix = *f.Prefix
	}
}

func (r *Replicated) exclude(more ruleXML) {
	if more.Filter == nil {
		return
	}
	not := more.Filter.Not
	if and := more.Filter.And; and != nil {
		not = and.Not
	}
	switch {
	case not == nil:
	case not.Prefix != nil:
		r.Exclude.Prefixes = []string{*not.Prefix}
	case not.Tag != nil:
		r.Exclude.Tags = []fact.Tag{*not.Tag}
	case not.Or != nil:
		r.Exclude.Prefixes, r.Exclude.Tags = not.Or.Prefix, not.Or.Tag
	}
}
