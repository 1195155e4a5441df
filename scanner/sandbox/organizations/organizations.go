// Package organizations is AWS Organizations in the sandbox: the operations that read
// the tree of accounts and its policies.
package organizations

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// pageSize is the most that a list of Organizations holds.
const pageSize = 20

// request is the members of all requests that the sandbox reads.
type request struct {
	AccountID        string `json:"AccountId"`
	ChildID          string `json:"ChildId"`
	ParentID         string `json:"ParentId"`
	ChildType        string
	TargetID         string `json:"TargetId"`
	Filter           string
	PolicyID         string `json:"PolicyId"`
	ResourceID       string `json:"ResourceId"`
	UnitID           string `json:"OrganizationalUnitId"`
	ServicePrincipal string
	NextToken        string
	MaxResults       *int
}

var operations = map[string]func(*state.State, *service.Call, request) (wire.Object, *wire.Error){
	"DescribeOrganization":             describeOrganization,
	"DescribeAccount":                  describeAccount,
	"DescribeOrganizationalUnit":       describeOrganizationalUnit,
	"DescribePolicy":                   describePolicy,
	"ListAccounts":                     listAccounts,
	"ListAccountsForParent":            listAccountsForParent,
	"ListChildren":                     listChildren,
	"ListDelegatedAdministrators":      listDelegatedAdministrators,
	"ListDelegatedServicesForAccount":  listDelegatedServicesForAccount,
	"ListOrganizationalUnitsForParent": listOrganizationalUnitsForParent,
	"ListParents":                      listParents,
	"ListPolicies":                     listPolicies,
	"ListPoliciesForTarget":            listPoliciesForTarget,
	"ListRoots":                        listRoots,
	"ListTagsForResource":              listOrganizationTags,
	"ListTargetsForPolicy":             listTargetsForPolicy,
}

// Service answers the read operations of AWS Organizations.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
var Service = service.JSON[request]{
	Name: "organizations", Target: "AWSOrganizationsV20161128.",
	Throttled: "TooManyRequestsException", Internal: "ServiceException",
	Admit:      admitMember,
	Operations: operations,
}.Service()

// admitMember judges what every operation needs.
func admitMember(s *state.State, c *service.Call, in request) *wire.Error {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > pageSize) {
		return &wire.Error{
			Status: 400, Code: "InvalidInputException",
			Message: "You specified an invalid value: MaxResults is between 1 and 20.",
		}
	}
	if s.Organization == nil || s.Organization.Parent[c.Caller.Account] == "" {
		return &wire.Error{
			Status: 400, Code: "AWSOrganizationsNotInUseException",
			Message: "Your account is not a member of an organization.",
		}
	}
	// Any member may describe the organization; the rest is for the management
	// account and delegated administrators.
	if c.Operation() != "DescribeOrganization" && !administers(s, c.Caller.Account) {
		return c.Denied("You don't have permissions to access this resource.")
	}
	// A delegated administrator acts as in its own account: no resource policy of
	// the management account has to allow it.
	return c.Authorize(s, state.Question{
		Action: c.Op, Resource: resourceOf(s, c, in), Account: c.Caller.Account,
	})
}

// Target is the account or unit that a call is about, "" = the whole organization.
func Target(c *service.Call) string {
	var in request
	_ = json.Unmarshal(c.Body, &in) // a body that does not parse names nothing
	return cmp.Or(in.ChildID, in.TargetID)
}

func administers(s *state.State, account string) bool {
	return account == s.Organization.ManagementID ||
		slices.ContainsFunc(s.Organization.Delegated, func(d state.Delegated) bool { return d.Account == account })
}

// resourceOf is the resource of a request in IAM's sense.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
func resourceOf(s *state.State, c *service.Call, in request) string {
	var id string
	switch c.Operation() {
	case "DescribeAccount", "ListDelegatedServicesForAccount":
		id = in.AccountID
	case "DescribeOrganizationalUnit":
		id = in.UnitID
	case "DescribePolicy", "ListTargetsForPolicy":
		id = in.PolicyID
	case "ListChildren", "ListAccountsForParent", "ListOrganizationalUnitsForParent":
		id = in.ParentID
	case "ListParents":
		id = in.ChildID
	case "ListPoliciesForTarget":
		id = in.TargetID
	case "ListTagsForResource":
		id = in.ResourceID
	}
	if text := resourceARN(s, id); text != "" {
		return text
	}
	return "*"
}

// resourceARN is the ARN of an account, OU, root or policy by its id, "" if there is none.
func resourceARN(s *state.State, id string) string {
	if p := s.Organization.Policies[id]; p != nil {
		return p.ARN
	}
	switch {
	case id == s.Organization.RootID:
		return s.OrgARN("root", id)
	case s.Organization.Parent[id] == "":
		return ""
	case strings.HasPrefix(id, "ou-"):
		return s.OrgARN("ou", id)
	}
	return s.OrgARN("account", id)
}

func notFound(kind, message string) *wire.Error {
	return &wire.Error{Status: 400, Code: kind + "NotFoundException", Message: message}
}

// listed is an answer with one page of a list.
func listed(in request, member string, all []wire.Object) (wire.Object, *wire.Error) {
	limit := pageSize
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	items, next, ok := wire.Page(all, in.NextToken, limit)
	if !ok {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidInputException",
			Message: "You specified an invalid value: INVALID_NEXT_TOKEN",
		}
	}
	if items == nil {
		items = []wire.Object{}
	}
	return wire.Object{member: items, "NextToken": wire.Optional(next)}, nil
}

func describeOrganization(s *state.State, _ *service.Call, _ request) (wire.Object, *wire.Error) {
	management := s.Accounts[s.Organization.ManagementID]
	types := []wire.Object{}
	for _, t := range slices.Sorted(maps.Keys(s.Organization.EnabledTypes)) {
		types = append(types, wire.Object{"Type": t, "Status": "ENABLED"})
	}
	return wire.Object{"Organization": wire.Object{
		"Id":                   s.Organization.ID,
		"Arn":                  s.OrgARN("organization"),
		"FeatureSet":           s.Organization.FeatureSet,
		"MasterAccountArn":     s.OrgARN("account", management.ID),
		"MasterAccountId":      management.ID,
		"MasterAccountEmail":   management.Email,
		"AvailablePolicyTypes": types,
	}}, nil
}

func accountObject(s *state.State, id string) wire.Object {
	a := s.Accounts[id]
	paths := []string{}
	if !s.Organization.NoPaths {
		paths = append(paths, s.OrgPath(a.ID)+a.ID+"/")
	}
	return wire.Object{
		"Paths":           paths,
		"Id":              a.ID,
		"Arn":             s.OrgARN("account", a.ID),
		"Name":            a.Name,
		"Email":           a.Email,
		"Status":          a.Status,
		"State":           a.Status,
		"JoinedMethod":    "CREATED",
		"JoinedTimestamp": wire.Epoch(s.Created),
	}
}

// members are the ids of the organization's accounts, sorted.
func members(s *state.State) []string {
	var ids []string
	for id := range s.Accounts {
		if s.Organization.Parent[id] != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func describeAccount(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if s.Accounts[in.AccountID] == nil || s.Organization.Parent[in.AccountID] == "" {
		return nil, notFound("Account", "You specified an account that doesn't exist.")
	}
	return wire.Object{"Account": accountObject(s, in.AccountID)}, nil
}

func unitObject(s *state.State, id string) wire.Object {
	return wire.Object{"Id": id, "Arn": s.OrgARN("ou", id), "Name": s.Organization.UnitName[id]}
}

func describeOrganizationalUnit(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if _, ok := s.Organization.UnitName[in.UnitID]; !ok {
		return nil, notFound("OrganizationalUnit", "You specified an organizational unit that doesn't exist.")
	}
	return wire.Object{"OrganizationalUnit": unitObject(s, in.UnitID)}, nil
}

func summary(p *state.OrgPolicy) wire.Object {
	return wire.Object{
		"Id": p.ID, "Arn": p.ARN, "Name": p.Name, "Description": p.Description,
		"Type": p.Kind, "AwsManaged": p.AWSManaged,
	}
}

func describePolicy(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	p := s.Organization.Policies[in.PolicyID]
	if p == nil {
		return nil, notFound("Policy", "You specified a policy that doesn't exist.")
	}
	return wire.Object{"Policy": wire.Object{"PolicySummary": summary(p), "Content": p.Document}}, nil
}

func listAccounts(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	var all []wire.Object
	for _, id := range members(s) {
		all = append(all, accountObject(s, id))
	}
	return listed(in, "Accounts", all)
}

// isParent says whether an id is the root or an OU.
func isParent(s *state.State, id string) bool {
	_, unit := s.Organization.UnitName[id]
	return unit || id == s.Organization.RootID
}

func noParent() *wire.Error {
	return notFound("Parent", "You specified parent that doesn't exist.")
}

func listAccountsForParent(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	var all []wire.Object
	for _, id := range s.Organization.Children[in.ParentID] {
		if s.Accounts[id] != nil {
			all = append(all, accountObject(s, id))
		}
	}
	return listed(in, "Accounts", all)
}

func listOrganizationalUnitsForParent(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	var all []wire.Object
	for _, id := range s.Organization.Children[in.ParentID] {
		if s.Accounts[id] == nil {
			all = append(all, unitObject(s, id))
		}
	}
	return listed(in, "OrganizationalUnits", all)
}

func listChildren(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	if in.ChildType != "ACCOUNT" && in.ChildType != "ORGANIZATIONAL_UNIT" {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidInputException",
			Message: "You specified an invalid value: ChildType",
		}
	}
	var all []wire.Object
	for _, id := range s.Organization.Children[in.ParentID] {
		if (s.Accounts[id] != nil) == (in.ChildType == "ACCOUNT") {
			all = append(all, wire.Object{"Id": id, "Type": in.ChildType})
		}
	}
	return listed(in, "Children", all)
}

func listParents(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	parent := s.Organization.Parent[in.ChildID]
	if parent == "" {
		return nil, notFound("Child", "You specified an organizational unit (OU) or account that doesn't exist.")
	}
	kind := "ORGANIZATIONAL_UNIT"
	if parent == s.Organization.RootID {
		kind = "ROOT"
	}
	return listed(in, "Parents", []wire.Object{{"Id": parent, "Type": kind}})
}

func listRoots(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	types := []wire.Object{}
	for _, t := range slices.Sorted(maps.Keys(s.Organization.EnabledTypes)) {
		types = append(types, wire.Object{"Type": t, "Status": "ENABLED"})
	}
	return listed(in, "Roots", []wire.Object{{
		"Id": s.Organization.RootID, "Arn": s.OrgARN("root", s.Organization.RootID), "Name": "Root", "PolicyTypes": types,
	}})
}

// filtered checks the policy type that a list is asked for.
func filtered(in request) *wire.Error {
	if in.Filter == state.SCP || in.Filter == state.RCP {
		return nil
	}
	for _, other := range []string{
		"TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY", "CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY", state.S3Policy,
	} {
		if in.Filter == other {
			return nil
		}
	}
	return &wire.Error{Status: 400, Code: "InvalidInputException", Message: "You specified an invalid value: Filter"}
}

func listPolicies(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if e := filtered(in); e != nil {
		return nil, e
	}
	var all []wire.Object
	for _, id := range slices.Sorted(maps.Keys(s.Organization.Policies)) {
		if p := s.Organization.Policies[id]; p.Kind == in.Filter {
			all = append(all, summary(p))
		}
	}
	return listed(in, "Policies", all)
}

func listPoliciesForTarget(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if e := filtered(in); e != nil {
		return nil, e
	}
	if in.TargetID != s.Organization.RootID && s.Organization.Parent[in.TargetID] == "" {
		return nil, notFound("Target", "You specified a target that doesn't exist.")
	}
	var all []wire.Object
	for _, id := range s.Organization.Attached[in.TargetID] {
		// While a policy type is not enabled, no policy of that type is attached.
		if p := s.Organization.Policies[id]; p.Kind == in.Filter && s.Organization.EnabledTypes[p.Kind] {
			all = append(all, summary(p))
		}
	}
	return listed(in, "Policies", all)
}

func listTargetsForPolicy(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	p := s.Organization.Policies[in.PolicyID]
	if p == nil {
		return nil, notFound("Policy", "You specified a policy that doesn't exist.")
	}
	var all []wire.Object
	for _, target := range slices.Sorted(maps.Keys(s.Organization.Attached)) {
		if !slices.Contains(s.Organization.Attached[target], p.ID) {
			continue
		}
		kind, name := "ROOT", "Root"
		if a := s.Accounts[target]; a != nil {
			kind, name = "ACCOUNT", a.Name
		} else if target != s.Organization.RootID {
			kind, name = "ORGANIZATIONAL_UNIT", s.Organization.UnitName[target]
		}
		all = append(all, wire.Object{"TargetId": target, "Arn": resourceARN(s, target), "Name": name, "Type": kind})
	}
	return listed(in, "Targets", all)
}

func listDelegatedAdministrators(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	var all []wire.Object
	for _, d := range s.Organization.Delegated {
		if in.ServicePrincipal != "" && !slices.Contains(d.Services, in.ServicePrincipal) {
			continue
		}
		a := accountObject(s, d.Account)
		a["DelegationEnabledDate"] = wire.Epoch(s.Created)
		all = append(all, a)
	}
	return listed(in, "DelegatedAdministrators", all)
}

func listDelegatedServicesForAccount(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	at := slices.IndexFunc(s.Organization.Delegated, func(d state.Delegated) bool { return d.Account == in.AccountID })
	if at < 0 {
		return nil, &wire.Error{
			Status: 400, Code: "AccountNotRegisteredException",
			Message: "The provided account is not a registered delegated administrator for your organization.",
		}
	}
	var all []wire.Object
	for _, name := range s.Organization.Delegated[at].Services {
		all = append(all, wire.Object{"ServicePrincipal": name, "DelegationEnabledDate": wire.Epoch(s.Created)})
	}
	return listed(in, "DelegatedServices", all)
}

func listOrganizationTags(s *state.State, _ *service.Call, in request) (wire.Object, *wire.Error) {
	if resourceARN(s, in.ResourceID) == "" {
		return nil, notFound("Target", "You specified a target that doesn't exist.")
	}
	tags := map[string]string{}
	if a := s.Accounts[in.ResourceID]; a != nil {
		tags = a.Tags
	}
	return listed(in, "Tags", wire.TagList(tags, "Key", "Value"))
}
