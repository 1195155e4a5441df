package sandbox

import (
	"time"
)

// account is an AWS account with its IAM entities.
type account struct {
	id, name, email, status string                    // status: ACTIVE, SUSPENDED, PENDING_CLOSURE
	canonicalID             string                    // owner id in ACLs and version listings
	tags                    map[string]string         // in Organizations
	roles                   map[string]*role          // by lower-case name
	users                   map[string]*user          // by lower-case name
	managed                 map[string]*managedPolicy // by ARN
	aliases                 map[string]string         // region/alias name → key ARN
	publicAccess            *publicAccessBlock        // nil: absent
}

// entity is what roles and users share.
type entity struct {
	arn, path, name, id, boundary string // boundary: policy ARN
	tags                          map[string]string
	inline                        []namedDocument
	attached                      []string // managed policy ARNs
	created                       time.Time
}

type role struct {
	entity
	trust, description string
	maxSession         time.Duration
}

type user struct{ entity }

type namedDocument struct{ name, document string }

type managedPolicy struct {
	arn, name, path, id, document string
	created                       time.Time
}

// findManaged finds a managed policy of an account or of AWS by ARN.
func (s *State) findManaged(account, arn string) *managedPolicy {
	if m := s.awsManaged[arn]; m != nil {
		return m
	}
	if a := s.accounts[account]; a != nil {
		return a.managed[arn]
	}
	return nil
}

// publicAccessBlock is S3 Block Public Access of an account or a bucket.
type publicAccessBlock struct {
	BlockACLs   bool `xml:"BlockPublicAcls" yaml:"block_public_acls"`
	IgnoreACLs  bool `xml:"IgnorePublicAcls" yaml:"ignore_public_acls"`
	BlockPolicy bool `xml:"BlockPublicPolicy" yaml:"block_public_policy"`
	Restrict    bool `xml:"RestrictPublicBuckets" yaml:"restrict_public_buckets"`
}
