package state

import (
	"strings"
)

// Organization is the tree of OUs over the accounts.
type Organization struct {
	ID, ManagementID, RootID, FeatureSet string
	EnabledTypes                         map[string]bool   // SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	Parent                               map[string]string // account or OU id → parent id
	Children                             map[string][]string
	UnitName                             map[string]string // OU id → name
	Policies                             map[string]*OrgPolicy
	Attached                             map[string][]string // target id → policy ids, in order
	Delegated                            []Delegated
	PublicAccess                         *PublicAccessBlock // of every account, by an S3 policy at the root; nil = each has its own
	NoPaths                              bool               // accounts are described without their paths
}

// Delegated is a delegated administrator and the services it administers.
type Delegated struct {
	Account  string
	Services []string
}

// OrgPolicy is a policy of the organization.
type OrgPolicy struct {
	ID, ARN, Name, Description, Kind, Document string
	AWSManaged                                 bool
}

// The types of policy that the sandbox applies.
const (
	SCP = "SERVICE_CONTROL_POLICY"
	RCP = "RESOURCE_CONTROL_POLICY"
	// S3Policy sets the public access block of accounts.
	S3Policy = "S3_POLICY"
)

// OrgARN is the ARN of a resource of the organization: kind/o-…/rest.
func (s *State) OrgARN(kind string, rest ...string) string {
	return "arn:" + s.Partition + ":organizations::" + s.Organization.ManagementID + ":" + kind + "/" +
		strings.Join(append([]string{s.Organization.ID}, rest...), "/")
}

// OrgPath is an account's value in aws:PrincipalOrgPaths, "" outside an organization.
func (s *State) OrgPath(accountID string) string {
	if s.Organization == nil || s.Organization.Parent[accountID] == "" {
		return ""
	}
	path := "/"
	for target := s.Organization.Parent[accountID]; target != ""; target = s.Organization.Parent[target] {
		path = "/" + target + path
	}
	return s.Organization.ID + path
}

// IsManagement reports whether an account is the management account.
func (s *State) IsManagement(accountID string) bool {
	return s.Organization != nil && s.Organization.ManagementID == accountID
}
