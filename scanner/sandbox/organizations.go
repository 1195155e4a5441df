package sandbox

import (
	"maps"
	"slices"
	"strings"
)

// organizationsPage is the most that a list of Organizations holds.
const organizationsPage = 20

// organizationsCall is the members of all requests that the sandbox reads.
type organizationsCall struct {
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

var organizationsOperations = map[string]func(*State, *call, organizationsCall) (object, *apiError){
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

// organizationsService answers the read operations of AWS Organizations.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html
var organizationsService = jsonService[organizationsCall]{
	name: "organizations", target: "AWSOrganizationsV20161128.",
	throttled: "TooManyRequestsException", internal: "ServiceException",
	admit:      admitMember,
	operations: organizationsOperations,
}.service()

// admitMember judges what every operation needs.
func admitMember(s *State, c *call, in organizationsCall) *apiError {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > organizationsPage) {
		return &apiError{
			status: 400, code: "InvalidInputException",
			message: "You specified an invalid value: MaxResults is between 1 and 20.",
		}
	}
	if s.org == nil || s.org.parent[c.caller.account] == "" {
		return &apiError{
			status: 400, code: "AWSOrganizationsNotInUseException",
			message: "Your account is not a member of an organization.",
		}
	}
	// Any member may describe the organization; the rest is for the management
	// account and delegated administrators.
	if c.operation() != "DescribeOrganization" && !administers(s, c.caller.account) {
		return c.denied("You don't have permissions to access this resource.")
	}
	// A delegated administrator acts as in its own account: no resource policy of
	// the management account has to allow it.
	return c.authorize(s, question{
		action: c.op, resource: organizationsResource(s, c, in), account: c.caller.account,
	})
}

func administers(s *State, account string) bool {
	return account == s.org.managementID ||
		slices.ContainsFunc(s.org.delegated, func(d delegated) bool { return d.account == account })
}

// organizationsResource is the resource of a request in IAM's sense.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
func organizationsResource(s *State, c *call, in organizationsCall) string {
	var id string
	switch c.operation() {
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
	if text := orgResourceARN(s, id); text != "" {
		return text
	}
	return "*"
}

// orgResourceARN is the ARN of an account, OU, root or policy by its id, "" if there is none.
func orgResourceARN(s *State, id string) string {
	if p := s.org.policies[id]; p != nil {
		return p.arn
	}
	switch {
	case id == s.org.rootID:
		return s.orgARN("root", id)
	case s.org.parent[id] == "":
		return ""
	case strings.HasPrefix(id, "ou-"):
		return s.orgARN("ou", id)
	}
	return s.orgARN("account", id)
}

func orgNotFound(kind, message string) *apiError {
	return &apiError{status: 400, code: kind + "NotFoundException", message: message}
}

// listed is an answer with one page of a list.
func listed(in organizationsCall, member string, all []object) (object, *apiError) {
	limit := organizationsPage
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	items, next, ok := page(all, in.NextToken, limit)
	if !ok {
		return nil, &apiError{
			status: 400, code: "InvalidInputException",
			message: "You specified an invalid value: INVALID_NEXT_TOKEN",
		}
	}
	if items == nil {
		items = []object{}
	}
	return object{member: items, "NextToken": optional(next)}, nil
}

func describeOrganization(s *State, _ *call, _ organizationsCall) (object, *apiError) {
	management := s.accounts[s.org.managementID]
	types := []object{}
	for _, t := range slices.Sorted(maps.Keys(s.org.enabledTypes)) {
		types = append(types, object{"Type": t, "Status": "ENABLED"})
	}
	return object{"Organization": object{
		"Id":                   s.org.id,
		"Arn":                  s.orgARN("organization"),
		"FeatureSet":           s.org.featureSet,
		"MasterAccountArn":     s.orgARN("account", management.id),
		"MasterAccountId":      management.id,
		"MasterAccountEmail":   management.email,
		"AvailablePolicyTypes": types,
	}}, nil
}

func accountObject(s *State, id string) object {
	a := s.accounts[id]
	return object{
		"Id":              a.id,
		"Arn":             s.orgARN("account", a.id),
		"Name":            a.name,
		"Email":           a.email,
		"Status":          a.status,
		"State":           a.status,
		"JoinedMethod":    "CREATED",
		"JoinedTimestamp": epoch(s.created),
	}
}

// members are the ids of the organization's accounts, sorted.
func members(s *State) []string {
	var ids []string
	for id := range s.accounts {
		if s.org.parent[id] != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func describeAccount(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if s.accounts[in.AccountID] == nil || s.org.parent[in.AccountID] == "" {
		return nil, orgNotFound("Account", "You specified an account that doesn't exist.")
	}
	return object{"Account": accountObject(s, in.AccountID)}, nil
}

func unitObject(s *State, id string) object {
	return object{"Id": id, "Arn": s.orgARN("ou", id), "Name": s.org.unitName[id]}
}

func describeOrganizationalUnit(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if _, ok := s.org.unitName[in.UnitID]; !ok {
		return nil, orgNotFound("OrganizationalUnit", "You specified an organizational unit that doesn't exist.")
	}
	return object{"OrganizationalUnit": unitObject(s, in.UnitID)}, nil
}

func summary(p *orgPolicy) object {
	return object{
		"Id": p.id, "Arn": p.arn, "Name": p.name, "Description": p.description,
		"Type": p.kind, "AwsManaged": p.awsManaged,
	}
}

func describePolicy(s *State, _ *call, in organizationsCall) (object, *apiError) {
	p := s.org.policies[in.PolicyID]
	if p == nil {
		return nil, orgNotFound("Policy", "You specified a policy that doesn't exist.")
	}
	return object{"Policy": object{"PolicySummary": summary(p), "Content": p.document}}, nil
}

func listAccounts(s *State, _ *call, in organizationsCall) (object, *apiError) {
	var all []object
	for _, id := range members(s) {
		all = append(all, accountObject(s, id))
	}
	return listed(in, "Accounts", all)
}

// isParent says whether an id is the root or an OU.
func isParent(s *State, id string) bool {
	_, unit := s.org.unitName[id]
	return unit || id == s.org.rootID
}

func noParent() *apiError {
	return orgNotFound("Parent", "You specified parent that doesn't exist.")
}

func listAccountsForParent(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	var all []object
	for _, id := range s.org.children[in.ParentID] {
		if s.accounts[id] != nil {
			all = append(all, accountObject(s, id))
		}
	}
	return listed(in, "Accounts", all)
}

func listOrganizationalUnitsForParent(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	var all []object
	for _, id := range s.org.children[in.ParentID] {
		if s.accounts[id] == nil {
			all = append(all, unitObject(s, id))
		}
	}
	return listed(in, "OrganizationalUnits", all)
}

func listChildren(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if !isParent(s, in.ParentID) {
		return nil, noParent()
	}
	if in.ChildType != "ACCOUNT" && in.ChildType != "ORGANIZATIONAL_UNIT" {
		return nil, &apiError{status: 400, code: "InvalidInputException", message: "You specified an invalid value: ChildType"}
	}
	var all []object
	for _, id := range s.org.children[in.ParentID] {
		if (s.accounts[id] != nil) == (in.ChildType == "ACCOUNT") {
			all = append(all, object{"Id": id, "Type": in.ChildType})
		}
	}
	return listed(in, "Children", all)
}

func listParents(s *State, _ *call, in organizationsCall) (object, *apiError) {
	parent := s.org.parent[in.ChildID]
	if parent == "" {
		return nil, orgNotFound("Child", "You specified an organizational unit (OU) or account that doesn't exist.")
	}
	kind := "ORGANIZATIONAL_UNIT"
	if parent == s.org.rootID {
		kind = "ROOT"
	}
	return listed(in, "Parents", []object{{"Id": parent, "Type": kind}})
}

func listRoots(s *State, _ *call, in organizationsCall) (object, *apiError) {
	types := []object{}
	for _, t := range slices.Sorted(maps.Keys(s.org.enabledTypes)) {
		types = append(types, object{"Type": t, "Status": "ENABLED"})
	}
	return listed(in, "Roots", []object{{
		"Id": s.org.rootID, "Arn": s.orgARN("root", s.org.rootID), "Name": "Root", "PolicyTypes": types,
	}})
}

// filtered checks the policy type that a list is asked for.
func filtered(in organizationsCall) *apiError {
	if in.Filter == scpType || in.Filter == rcpType {
		return nil
	}
	for _, other := range []string{
		"TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY", "CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY",
	} {
		if in.Filter == other {
			return nil
		}
	}
	return &apiError{status: 400, code: "InvalidInputException", message: "You specified an invalid value: Filter"}
}

func listPolicies(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if e := filtered(in); e != nil {
		return nil, e
	}
	var all []object
	for _, id := range slices.Sorted(maps.Keys(s.org.policies)) {
		if p := s.org.policies[id]; p.kind == in.Filter {
			all = append(all, summary(p))
		}
	}
	return listed(in, "Policies", all)
}

func listPoliciesForTarget(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if e := filtered(in); e != nil {
		return nil, e
	}
	if in.TargetID != s.org.rootID && s.org.parent[in.TargetID] == "" {
		return nil, orgNotFound("Target", "You specified a target that doesn't exist.")
	}
	var all []object
	for _, id := range s.org.attached[in.TargetID] {
		// While a policy type is not enabled nothing of it is attached.
		if p := s.org.policies[id]; p.kind == in.Filter && s.org.enabledTypes[p.kind] {
			all = append(all, summary(p))
		}
	}
	return listed(in, "Policies", all)
}

func listTargetsForPolicy(s *State, _ *call, in organizationsCall) (object, *apiError) {
	p := s.org.policies[in.PolicyID]
	if p == nil {
		return nil, orgNotFound("Policy", "You specified a policy that doesn't exist.")
	}
	var all []object
	for _, target := range slices.Sorted(maps.Keys(s.org.attached)) {
		if !slices.Contains(s.org.attached[target], p.id) {
			continue
		}
		kind, name := "ROOT", "Root"
		if a := s.accounts[target]; a != nil {
			kind, name = "ACCOUNT", a.name
		} else if target != s.org.rootID {
			kind, name = "ORGANIZATIONAL_UNIT", s.org.unitName[target]
		}
		all = append(all, object{"TargetId": target, "Arn": orgResourceARN(s, target), "Name": name, "Type": kind})
	}
	return listed(in, "Targets", all)
}

func listDelegatedAdministrators(s *State, _ *call, in organizationsCall) (object, *apiError) {
	var all []object
	for _, d := range s.org.delegated {
		if in.ServicePrincipal != "" && !slices.Contains(d.services, in.ServicePrincipal) {
			continue
		}
		a := accountObject(s, d.account)
		a["DelegationEnabledDate"] = epoch(s.created)
		all = append(all, a)
	}
	return listed(in, "DelegatedAdministrators", all)
}

func listDelegatedServicesForAccount(s *State, _ *call, in organizationsCall) (object, *apiError) {
	at := slices.IndexFunc(s.org.delegated, func(d delegated) bool { return d.account == in.AccountID })
	if at < 0 {
		return nil, &apiError{
			status: 400, code: "AccountNotRegisteredException",
			message: "The provided account is not a registered delegated administrator for your organization.",
		}
	}
	var all []object
	for _, name := range s.org.delegated[at].services {
		all = append(all, object{"ServicePrincipal": name, "DelegationEnabledDate": epoch(s.created)})
	}
	return listed(in, "DelegatedServices", all)
}

func listOrganizationTags(s *State, _ *call, in organizationsCall) (object, *apiError) {
	if orgResourceARN(s, in.ResourceID) == "" {
		return nil, orgNotFound("Target", "You specified a target that doesn't exist.")
	}
	tags := map[string]string{}
	if a := s.accounts[in.ResourceID]; a != nil {
		tags = a.tags
	}
	return listed(in, "Tags", tagList(tags, "Key", "Value"))
}
