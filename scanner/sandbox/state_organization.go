package sandbox

import (
	"strings"
)

// organization is the tree of OUs over the accounts.
type organization struct {
	id, managementID, rootID, featureSet string
	enabledTypes                         map[string]bool   // SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	parent                               map[string]string // account or OU id → parent id
	children                             map[string][]string
	unitName                             map[string]string // OU id → name
	policies                             map[string]*orgPolicy
	attached                             map[string][]string // target id → policy ids, in order
	delegated                            []delegated
}

// delegated is a delegated administrator and the services it administers.
type delegated struct {
	account  string
	services []string
}

type orgPolicy struct {
	id, arn, name, description, kind, document string
	awsManaged                                 bool
}

const (
	scpType = "SERVICE_CONTROL_POLICY"
	rcpType = "RESOURCE_CONTROL_POLICY"
)

// orgARN is the ARN of a resource of the organization: kind/o-…/rest.
func (s *State) orgARN(kind string, rest ...string) string {
	return "arn:" + s.partition + ":organizations::" + s.org.managementID + ":" + kind + "/" +
		strings.Join(append([]string{s.org.id}, rest...), "/")
}

// orgPath is an account's value in aws:PrincipalOrgPaths, "" outside an organization.
func (s *State) orgPath(accountID string) string {
	if s.org == nil || s.org.parent[accountID] == "" {
		return ""
	}
	path := "/"
	for target := s.org.parent[accountID]; target != ""; target = s.org.parent[target] {
		path = "/" + target + path
	}
	return s.org.id + path
}

func (s *State) isManagement(accountID string) bool {
	return s.org != nil && s.org.managementID == accountID
}
