package state

import (
	"time"
)

// Account is an AWS account with its IAM entities.
type Account struct {
	ID, Name, Email, Status string                    // status: ACTIVE, SUSPENDED, PENDING_CLOSURE
	CanonicalID             string                    // owner id in ACLs and version listings
	Tags                    map[string]string         // in Organizations
	Roles                   map[string]*Role          // by lower-case name
	Users                   map[string]*User          // by lower-case name
	Managed                 map[string]*ManagedPolicy // by ARN
	Aliases                 map[string]string         // region/alias name → key ARN
	PublicAccess            *PublicAccessBlock        // nil: absent
	Alarms                  []Alarm                   // of CloudWatch
}

// Entity is what roles and users share.
type Entity struct {
	ARN, Path, Name, ID, Boundary string // boundary: policy ARN
	Tags                          map[string]string
	Inline                        []NamedDocument
	Attached                      []string // managed policy ARNs
	Created                       time.Time
}

// Role is an IAM role.
type Role struct {
	Entity
	Trust, Description string
	MaxSession         time.Duration
}

// User is an IAM user.
type User struct{ Entity }

// NamedDocument is an inline policy.
type NamedDocument struct{ Name, Document string }

// ManagedPolicy is a managed policy with its one version.
type ManagedPolicy struct {
	ARN, Name, Path, ID, Document string
	Created                       time.Time
}

// FindManaged finds a managed policy of an account or of AWS by ARN.
func (s *State) FindManaged(account, arn string) *ManagedPolicy {
	if m := s.AWSManaged[arn]; m != nil {
		return m
	}
	if a := s.Accounts[account]; a != nil {
		return a.Managed[arn]
	}
	return nil
}

// PublicAccessBlock is S3 Block Public Access of an account or a bucket.
type PublicAccessBlock struct {
	BlockACLs   bool `xml:"BlockPublicAcls" yaml:"block_public_acls"`
	IgnoreACLs  bool `xml:"IgnorePublicAcls" yaml:"ignore_public_acls"`
	BlockPolicy bool `xml:"BlockPublicPolicy" yaml:"block_public_policy"`
	Restrict    bool `xml:"RestrictPublicBuckets" yaml:"restrict_public_buckets"`
}
