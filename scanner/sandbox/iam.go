package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam"
)

var iamOperations = map[string]func(*State, *call) (object, *apiError){
	"AttachRolePolicy":               attachRolePolicy,
	"DeleteRolePermissionsBoundary":  putRolePermissionsBoundary,
	"DeleteRolePolicy":               deleteRolePolicy,
	"DetachRolePolicy":               detachRolePolicy,
	"GetAccountAuthorizationDetails": getAccountAuthorizationDetails,
	"GetPolicy":                      getManagedPolicy,
	"GetPolicyVersion":               getPolicyVersion,
	"GetRole":                        getRole,
	"GetRolePolicy":                  getRolePolicy,
	"ListAttachedRolePolicies":       listAttachedRolePolicies,
	"ListPolicyVersions":             listPolicyVersions,
	"ListRolePolicies":               listRolePolicies,
	"ListRoles":                      listRoles,
	"ListRoleTags":                   listRoleTags,
	"PutRolePermissionsBoundary":     putRolePermissionsBoundary,
	"PutRolePolicy":                  putRolePolicy,
	"UpdateAssumeRolePolicy":         updateAssumeRolePolicy,
}

// iamService answers the operations of AWS IAM that read roles and policies, and
// those that change the policies of a role.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
var iamService = queryService{
	name: "iam", namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
	internal:   "ServiceFailure",
	operations: iamOperations,
}.service()

func noSuchEntity(format string, args ...any) *apiError {
	return &apiError{status: 404, code: "NoSuchEntity", message: fmt.Sprintf(format, args...)}
}

// required reads a parameter that must be there.
func required(c *call, name string) (string, *apiError) {
	v := c.form.Get(name)
	if v == "" {
		member := strings.ToLower(name[:1]) + name[1:]
		return "", invalidValue("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	return v, nil
}

// iamPage cuts a page out of a list: MaxItems up to 1000, 100 by default.
func iamPage[T any](c *call, all []T) ([]T, object, *apiError) {
	limit := 100
	if text := c.form.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, nil, invalidValue("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: "+
				"Member must have value between 1 and 1000", text)
		}
		limit = n
	}
	items, next, ok := page(all, c.form.Get("Marker"), limit)
	if !ok {
		return nil, nil, invalidValue("Invalid Marker.")
	}
	return items, object{"IsTruncated": next != "", "Marker": optional(next)}, nil
}

// authorizedRole finds the role that a request names and authorizes the
// operation on it. Names are matched without case.
func authorizedRole(s *State, c *call) (*role, *apiError) {
	name, e := required(c, "RoleName")
	if e != nil {
		return nil, e
	}
	r := s.accounts[c.caller.account].roles[strings.ToLower(name)]
	arn := "arn:" + s.partition + ":iam::" + c.caller.account + ":role/" + name
	if r != nil {
		arn = r.arn
	}
	if e := c.authorize(s, question{action: c.op, resource: arn, account: c.caller.account}); e != nil {
		return nil, e
	}
	if r == nil {
		return nil, noSuchEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

// document is a policy document as IAM returns it: URL-encoded (RFC 3986).
func document(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// roleObject is a role as lists return it; GetRole adds what they leave out.
func roleObject(r *role) object {
	return object{
		"Arn": r.arn, "RoleName": r.name, "RoleId": r.id, "Path": r.path, "CreateDate": r.created,
		"AssumeRolePolicyDocument": document(r.trust),
		"Description":              optional(r.description),
		"MaxSessionDuration":       int(r.maxSession.Seconds()),
	}
}

func getRole(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	out := roleObject(r)
	out["RoleLastUsed"] = object{}
	if len(r.tags) > 0 {
		out["Tags"] = tagList(r.tags, "Key", "Value")
	}
	if r.boundary != "" {
		out["PermissionsBoundary"] = object{
			"PermissionsBoundaryArn": r.boundary, "PermissionsBoundaryType": "Policy",
		}
	}
	return object{"Role": out}, nil
}

// sortedRoles are the roles of an account by name, those under a path only.
func sortedRoles(a *account, prefix string) []*role {
	var all []*role
	for _, r := range a.roles {
		if strings.HasPrefix(r.path, prefix) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *role) int { return cmp.Compare(a.name, b.name) })
	return all
}

func listRoles(s *State, c *call) (object, *apiError) {
	if e := c.authorize(s, question{
		action: c.op, account: c.caller.account,
		resource: "arn:" + s.partition + ":iam::" + c.caller.account + ":role/",
	}); e != nil {
		return nil, e
	}
	roles, out, e := iamPage(c, sortedRoles(s.accounts[c.caller.account], c.form.Get("PathPrefix")))
	if e != nil {
		return nil, e
	}
	list := []object{}
	for _, r := range roles {
		list = append(list, roleObject(r))
	}
	out["Roles"] = list
	return out, nil
}

func listRoleTags(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	tags, out, e := iamPage(c, tagList(r.tags, "Key", "Value"))
	if e != nil {
		return nil, e
	}
	out["Tags"] = append([]object{}, tags...)
	return out, nil
}

func listRolePolicies(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	names := []string{}
	for _, d := range r.inline {
		names = append(names, d.name)
	}
	items, out, e := iamPage(c, names)
	if e != nil {
		return nil, e
	}
	out["PolicyNames"] = items
	return out, nil
}

func getRolePolicy(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	for _, d := range r.inline {
		if strings.EqualFold(d.name, name) {
			return object{"RoleName": r.name, "PolicyName": d.name, "PolicyDocument": document(d.document)}, nil
		}
	}
	return nil, noSuchEntity("The role policy with name %s cannot be found.", name)
}

func attachedObjects(s *State, account string, arns []string) []object {
	list := []object{}
	for _, arn := range arns {
		if m := s.findManaged(account, arn); m != nil {
			list = append(list, object{"PolicyArn": m.arn, "PolicyName": m.name})
		}
	}
	return list
}

func listAttachedRolePolicies(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	var arns []string
	for _, arn := range r.attached {
		if m := s.findManaged(c.caller.account, arn); m != nil && strings.HasPrefix(m.path, c.form.Get("PathPrefix")) {
			arns = append(arns, arn)
		}
	}
	items, out, e := iamPage(c, attachedObjects(s, c.caller.account, arns))
	if e != nil {
		return nil, e
	}
	out["AttachedPolicies"] = items
	return out, nil
}

// authorizedPolicy finds the managed policy that a request names.
func authorizedPolicy(s *State, c *call) (*managedPolicy, *apiError) {
	text, e := required(c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	parsed, ok := parseARN(text)
	if !ok || parsed.service != "iam" || !strings.HasPrefix(parsed.resource, "policy/") {
		return nil, &apiError{status: 400, code: "InvalidInput", message: "ARN " + text + " is not valid."}
	}
	owner := parsed.account
	if owner == "aws" { // AWS's own policies are part of every account
		owner = c.caller.account
	}
	if e := c.authorize(s, question{action: c.op, resource: text, account: owner}); e != nil {
		return nil, e
	}
	m := s.findManaged(owner, text)
	if m == nil {
		return nil, noSuchEntity("Policy %s was not found.", text)
	}
	return m, nil
}

// uses counts the roles and users of an account to which a policy is attached,
// and those whose boundary it is.
func uses(a *account, arn string) (attached, boundary int) {
	count := func(e *entity) {
		if slices.Contains(e.attached, arn) {
			attached++
		}
		if e.boundary == arn {
			boundary++
		}
	}
	for _, r := range a.roles {
		count(&r.entity)
	}
	for _, u := range a.users {
		count(&u.entity)
	}
	return attached, boundary
}

func policyObject(s *State, account string, m *managedPolicy) object {
	attached, boundary := uses(s.accounts[account], m.arn)
	return object{
		"Arn": m.arn, "PolicyName": m.name, "PolicyId": m.id, "Path": m.path, "DefaultVersionId": "v1",
		"AttachmentCount": attached, "PermissionsBoundaryUsageCount": boundary, "IsAttachable": true,
		"CreateDate": m.created, "UpdateDate": m.created,
	}
}

func getManagedPolicy(s *State, c *call) (object, *apiError) {
	m, e := authorizedPolicy(s, c)
	if e != nil {
		return nil, e
	}
	return object{"Policy": policyObject(s, c.caller.account, m)}, nil
}

// versionObject is the one version that a managed policy of a world has.
func versionObject(m *managedPolicy) object {
	return object{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": m.created}
}

func getPolicyVersion(s *State, c *call) (object, *apiError) {
	m, e := authorizedPolicy(s, c)
	if e != nil {
		return nil, e
	}
	version, e := required(c, "VersionId")
	if e != nil {
		return nil, e
	}
	if version != "v1" {
		return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", m.arn, version)
	}
	out := versionObject(m)
	out["Document"] = document(m.document)
	return object{"PolicyVersion": out}, nil
}

func listPolicyVersions(s *State, c *call) (object, *apiError) {
	m, e := authorizedPolicy(s, c)
	if e != nil {
		return nil, e
	}
	items, out, e := iamPage(c, []object{versionObject(m)})
	if e != nil {
		return nil, e
	}
	out["Versions"] = items
	return out, nil
}

// getAccountAuthorizationDetails returns users, roles and policies in one list
// that is paged as a whole. Role details have no permissions boundary and lists
// no group: AWS is reported to leave boundaries out too, so GetRole must be asked.
func getAccountAuthorizationDetails(s *State, c *call) (object, *apiError) {
	if e := c.authorize(s, question{action: c.op, resource: "*", account: c.caller.account}); e != nil {
		return nil, e
	}
	wanted := map[string]bool{}
	for name, v := range c.form {
		if strings.HasPrefix(name, "Filter.member.") {
			wanted[v[0]] = true
		}
	}
	want := func(kind string) bool { return len(wanted) == 0 || wanted[kind] }
	a := s.accounts[c.caller.account]

	type item struct {
		list   string
		detail object
	}
	var all []item
	if want("User") {
		for _, name := range slices.Sorted(maps.Keys(a.users)) {
			u := a.users[name]
			d := detailObject(s, a.id, &u.entity, "UserPolicyList")
			d["UserName"], d["UserId"], d["GroupList"] = u.name, u.id, []string{}
			all = append(all, item{"UserDetailList", d})
		}
	}
	if want("Role") {
		for _, r := range sortedRoles(a, "") {
			d := detailObject(s, a.id, &r.entity, "RolePolicyList")
			d["RoleName"], d["RoleId"] = r.name, r.id
			d["AssumeRolePolicyDocument"] = document(r.trust)
			d["InstanceProfileList"], d["RoleLastUsed"] = []object{}, object{}
			all = append(all, item{"RoleDetailList", d})
		}
	}
	policies := func(from map[string]*managedPolicy) {
		for _, arn := range slices.Sorted(maps.Keys(from)) {
			d := policyObject(s, a.id, from[arn])
			if strings.Contains(arn, "::aws:") && d["AttachmentCount"] == 0 && d["PermissionsBoundaryUsageCount"] == 0 {
				continue // only those of AWS's policies that are in use
			}
			v := versionObject(from[arn])
			v["Document"] = document(from[arn].document)
			d["PolicyVersionList"] = []object{v}
			all = append(all, item{"Policies", d})
		}
	}
	if want("LocalManagedPolicy") {
		policies(a.managed)
	}
	if want("AWSManagedPolicy") {
		policies(s.awsManaged)
	}

	items, out, e := iamPage(c, all)
	if e != nil {
		return nil, e
	}
	lists := map[string][]object{"UserDetailList": {}, "GroupDetailList": {}, "RoleDetailList": {}, "Policies": {}}
	for _, i := range items {
		lists[i.list] = append(lists[i.list], i.detail)
	}
	for name, list := range lists {
		out[name] = list
	}
	return out, nil
}

// detailObject is what the details of roles and users share.
func detailObject(s *State, account string, e *entity, policies string) object {
	inline := []object{}
	for _, d := range e.inline {
		inline = append(inline, object{"PolicyName": d.name, "PolicyDocument": document(d.document)})
	}
	return object{
		"Arn": e.arn, "Path": e.path, "CreateDate": e.created,
		"AttachedManagedPolicies": attachedObjects(s, account, e.attached),
		"Tags":                    append([]object{}, tagList(e.tags, "Key", "Value")...),
		policies:                  inline,
	}
}

// newDocument reads a policy document that is to be stored: AWS stores no invalid one.
func newDocument(c *call, kind iam.Kind) (string, *apiError) {
	text, e := required(c, "PolicyDocument")
	if e != nil {
		return "", e
	}
	if p := iam.Parse(kind, "new policy", []byte(text)); !p.Valid() {
		return "", &apiError{status: 400, code: "MalformedPolicyDocument", message: firstFault(p)}
	}
	return text, nil
}

// firstFault is why AWS would not store a policy.
func firstFault(p *iam.Policy) string {
	for _, d := range p.Diagnostics() {
		if !d.Warning {
			return d.Message
		}
	}
	return "Syntax errors in policy."
}

func putRolePolicy(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	text, e := newDocument(c, iam.IdentityPolicy)
	if e != nil {
		return nil, e
	}
	at, found := slices.BinarySearchFunc(r.inline, name, func(d namedDocument, name string) int { return cmp.Compare(d.name, name) })
	if found {
		r.inline[at].document = text
	} else {
		r.inline = slices.Insert(r.inline, at, namedDocument{name, text})
	}
	return object{}, nil
}

func deleteRolePolicy(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	kept := slices.DeleteFunc(slices.Clone(r.inline), func(d namedDocument) bool { return d.name == name })
	if len(kept) == len(r.inline) {
		return nil, noSuchEntity("The role policy with name %s cannot be found.", name)
	}
	r.inline = kept
	return object{}, nil
}

func updateAssumeRolePolicy(s *State, c *call) (object, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, e
	}
	text, e := newDocument(c, iam.TrustPolicy)
	if e != nil {
		return nil, e
	}
	r.trust = text
	return object{}, nil
}

// roleAndPolicy finds the role and the managed policy that a request joins or parts.
func roleAndPolicy(s *State, c *call, parameter string) (*role, *managedPolicy, *apiError) {
	r, e := authorizedRole(s, c)
	if e != nil {
		return nil, nil, e
	}
	text, e := required(c, parameter)
	if e != nil {
		return nil, nil, e
	}
	m := s.findManaged(c.caller.account, text)
	if m == nil {
		return nil, nil, noSuchEntity("Policy %s does not exist or is not attachable.", text)
	}
	return r, m, nil
}

func attachRolePolicy(s *State, c *call) (object, *apiError) {
	r, m, e := roleAndPolicy(s, c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	if !slices.Contains(r.attached, m.arn) {
		r.attached = append(r.attached, m.arn)
	}
	return object{}, nil
}

func detachRolePolicy(s *State, c *call) (object, *apiError) {
	r, m, e := roleAndPolicy(s, c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	at := slices.Index(r.attached, m.arn)
	if at < 0 {
		return nil, noSuchEntity("Policy %s was not found.", m.arn)
	}
	r.attached = slices.Delete(slices.Clone(r.attached), at, at+1)
	return object{}, nil
}

// putRolePermissionsBoundary sets the boundary of a role, or takes it away.
func putRolePermissionsBoundary(s *State, c *call) (object, *apiError) {
	if c.operation() == "DeleteRolePermissionsBoundary" {
		r, e := authorizedRole(s, c)
		if e != nil {
			return nil, e
		}
		r.boundary = ""
		return object{}, nil
	}
	r, m, e := roleAndPolicy(s, c, "PermissionsBoundary")
	if e != nil {
		return nil, e
	}
	r.boundary = m.arn
	return object{}, nil
}
