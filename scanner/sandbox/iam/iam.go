// Package iam is AWS IAM in the sandbox: the operations that read roles and policies,
// and those that make a role and change its policies.
package iam

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// operation answers a request.
type operation = func(*state.State, *service.Call) (wire.Object, *wire.Error)

var operations = map[string]operation{
	"AttachRolePolicy":               ofRole(attachRolePolicy),
	"CreateRole":                     createRole,
	"DeleteRolePermissionsBoundary":  ofRole(deleteRolePermissionsBoundary),
	"DeleteRolePolicy":               ofRole(deleteRolePolicy),
	"DetachRolePolicy":               ofRole(detachRolePolicy),
	"GetAccountAuthorizationDetails": getAccountAuthorizationDetails,
	"GetPolicy":                      ofPolicy(getManagedPolicy),
	"GetPolicyVersion":               ofPolicy(getPolicyVersion),
	"GetRole":                        ofRole(getRole),
	"GetRolePolicy":                  ofRole(getRolePolicy),
	"ListAttachedRolePolicies":       ofRole(listAttachedRolePolicies),
	"ListPolicyVersions":             ofPolicy(listPolicyVersions),
	"ListRolePolicies":               ofRole(listRolePolicies),
	"ListRoles":                      listRoles,
	"ListRoleTags":                   ofRole(listRoleTags),
	"PutRolePermissionsBoundary":     ofRole(putRolePermissionsBoundary),
	"PutRolePolicy":                  ofRole(putRolePolicy),
	"UpdateAssumeRolePolicy":         ofRole(updateAssumeRolePolicy),
}

// Service answers the operations of AWS IAM that read roles and policies, and
// those that make a role and change its policies.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
var Service = service.Query{
	Name: "iam", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
	Internal:   "ServiceFailure",
	Operations: operations,
}.Service()

func noSuchEntity(format string, args ...any) *wire.Error {
	return &wire.Error{Status: 404, Code: "NoSuchEntity", Message: fmt.Sprintf(format, args...)}
}

// required reads a parameter that must be there.
func required(c *service.Call, name string) (string, *wire.Error) {
	v := c.Form.Get(name)
	if v == "" {
		member := strings.ToLower(name[:1]) + name[1:]
		return "", service.InvalidValue("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	return v, nil
}

// paged cuts a page out of a list: MaxItems up to 1000, 100 by default.
func paged[T any](c *service.Call, all []T) ([]T, wire.Object, *wire.Error) {
	limit := 100
	if text := c.Form.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return nil, nil, service.InvalidValue("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: "+
				"Member must have value between 1 and 1000", text)
		}
		limit = n
	}
	items, next, ok := wire.Page(all, c.Form.Get("Marker"), limit)
	if !ok {
		return nil, nil, service.InvalidValue("Invalid Marker.")
	}
	return items, wire.Object{"IsTruncated": next != "", "Marker": wire.Optional(next)}, nil
}

// authorizedRole finds the role that a request names and authorizes the
// operation on it. Names are matched without case.
func authorizedRole(s *state.State, c *service.Call) (*state.Role, *wire.Error) {
	name, e := required(c, "RoleName")
	if e != nil {
		return nil, e
	}
	r := s.Accounts[c.Caller.Account].Roles[strings.ToLower(name)]
	arn := "arn:" + s.Partition + ":iam::" + c.Caller.Account + ":role/" + name
	if r != nil {
		arn = r.ARN
	}
	if e := c.Authorize(s, state.Question{Action: c.Op, Resource: arn, Account: c.Caller.Account}); e != nil {
		return nil, e
	}
	if r == nil {
		return nil, noSuchEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

// ofRole is an operation on the role that a request names, if its caller may do it.
func ofRole(do func(*state.State, *service.Call, *state.Role) (wire.Object, *wire.Error)) operation {
	return func(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
		r, e := authorizedRole(s, c)
		if e != nil {
			return nil, e
		}
		return do(s, c, r)
	}
}

// ofPolicy is an operation on the managed policy that a request names, if its caller
// may do it.
func ofPolicy(do func(*state.State, *service.Call, *state.ManagedPolicy) (wire.Object, *wire.Error)) operation {
	return func(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
		m, e := authorizedPolicy(s, c)
		if e != nil {
			return nil, e
		}
		return do(s, c, m)
	}
}

// document is a policy document as IAM returns it: URL-encoded (RFC 3986).
func document(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// roleObject is a role as lists return it; GetRole adds what they leave out.
func roleObject(r *state.Role) wire.Object {
	return wire.Object{
		"Arn": r.ARN, "RoleName": r.Name, "RoleId": r.ID, "Path": r.Path, "CreateDate": r.Created,
		"AssumeRolePolicyDocument": document(r.Trust),
		"Description":              wire.Optional(r.Description),
		"MaxSessionDuration":       int(r.MaxSession.Seconds()),
	}
}

func getRole(_ *state.State, _ *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	out := roleObject(r)
	out["RoleLastUsed"] = wire.Object{}
	if len(r.Tags) > 0 {
		out["Tags"] = wire.TagList(r.Tags, "Key", "Value")
	}
	if r.Boundary != "" {
		out["PermissionsBoundary"] = wire.Object{
			"PermissionsBoundaryArn": r.Boundary, "PermissionsBoundaryType": "Policy",
		}
	}
	return wire.Object{"Role": out}, nil
}

// sortedRoles are the roles of an account by name, those under a path only.
func sortedRoles(a *state.Account, prefix string) []*state.Role {
	var all []*state.Role
	for _, r := range a.Roles {
		if strings.HasPrefix(r.Path, prefix) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *state.Role) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func listRoles(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
	if e := c.Authorize(s, state.Question{
		Action: c.Op, Account: c.Caller.Account,
		Resource: "arn:" + s.Partition + ":iam::" + c.Caller.Account + ":role/",
	}); e != nil {
		return nil, e
	}
	roles, out, e := paged(c, sortedRoles(s.Accounts[c.Caller.Account], c.Form.Get("PathPrefix")))
	if e != nil {
		return nil, e
	}
	list := []wire.Object{}
	for _, r := range roles {
		list = append(list, roleObject(r))
	}
	out["Roles"] = list
	return out, nil
}

func listRoleTags(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	tags, out, e := paged(c, wire.TagList(r.Tags, "Key", "Value"))
	if e != nil {
		return nil, e
	}
	out["Tags"] = append([]wire.Object{}, tags...)
	return out, nil
}

func listRolePolicies(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	names := []string{}
	for _, d := range r.Inline {
		names = append(names, d.Name)
	}
	items, out, e := paged(c, names)
	if e != nil {
		return nil, e
	}
	out["PolicyNames"] = items
	return out, nil
}

func getRolePolicy(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	for _, d := range r.Inline {
		if strings.EqualFold(d.Name, name) {
			return wire.Object{"RoleName": r.Name, "PolicyName": d.Name, "PolicyDocument": document(d.Document)}, nil
		}
	}
	return nil, noSuchEntity("The role policy with name %s cannot be found.", name)
}

func attachedObjects(s *state.State, account string, arns []string) []wire.Object {
	list := []wire.Object{}
	for _, arn := range arns {
		if m := s.FindManaged(account, arn); m != nil {
			list = append(list, wire.Object{"PolicyArn": m.ARN, "PolicyName": m.Name})
		}
	}
	return list
}

func listAttachedRolePolicies(s *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	var arns []string
	for _, arn := range r.Attached {
		if m := s.FindManaged(c.Caller.Account, arn); m != nil && strings.HasPrefix(m.Path, c.Form.Get("PathPrefix")) {
			arns = append(arns, arn)
		}
	}
	items, out, e := paged(c, attachedObjects(s, c.Caller.Account, arns))
	if e != nil {
		return nil, e
	}
	out["AttachedPolicies"] = items
	return out, nil
}

// authorizedPolicy finds the managed policy that a request names.
func authorizedPolicy(s *state.State, c *service.Call) (*state.ManagedPolicy, *wire.Error) {
	text, e := required(c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	parsed, ok := state.ParseARN(text)
	if !ok || parsed.Service != "iam" || !strings.HasPrefix(parsed.Resource, "policy/") {
		return nil, &wire.Error{Status: 400, Code: "InvalidInput", Message: "ARN " + text + " is not valid."}
	}
	owner := parsed.Account
	if owner == "aws" { // AWS's own policies are part of every account
		owner = c.Caller.Account
	}
	if e := c.Authorize(s, state.Question{Action: c.Op, Resource: text, Account: owner}); e != nil {
		return nil, e
	}
	m := s.FindManaged(owner, text)
	if m == nil {
		return nil, noSuchEntity("Policy %s was not found.", text)
	}
	return m, nil
}

// uses counts the roles and users of an account to which a policy is attached,
// and those whose boundary it is.
func uses(a *state.Account, arn string) (attached, boundary int) {
	count := func(e *state.Entity) {
		if slices.Contains(e.Attached, arn) {
			attached++
		}
		if e.Boundary == arn {
			boundary++
		}
	}
	for _, r := range a.Roles {
		count(&r.Entity)
	}
	for _, u := range a.Users {
		count(&u.Entity)
	}
	return attached, boundary
}

func policyObject(s *state.State, account string, m *state.ManagedPolicy) wire.Object {
	attached, boundary := uses(s.Accounts[account], m.ARN)
	return wire.Object{
		"Arn": m.ARN, "PolicyName": m.Name, "PolicyId": m.ID, "Path": m.Path, "DefaultVersionId": "v1",
		"AttachmentCount": attached, "PermissionsBoundaryUsageCount": boundary, "IsAttachable": true,
		"CreateDate": m.Created, "UpdateDate": m.Created,
	}
}

func getManagedPolicy(s *state.State, c *service.Call, m *state.ManagedPolicy) (wire.Object, *wire.Error) {
	return wire.Object{"Policy": policyObject(s, c.Caller.Account, m)}, nil
}

// versionObject is the one version that a managed policy of a world has.
func versionObject(m *state.ManagedPolicy) wire.Object {
	return wire.Object{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": m.Created}
}

func getPolicyVersion(_ *state.State, c *service.Call, m *state.ManagedPolicy) (wire.Object, *wire.Error) {
	version, e := required(c, "VersionId")
	if e != nil {
		return nil, e
	}
	if version != "v1" {
		return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", m.ARN, version)
	}
	out := versionObject(m)
	out["Document"] = document(m.Document)
	return wire.Object{"PolicyVersion": out}, nil
}

func listPolicyVersions(_ *state.State, c *service.Call, m *state.ManagedPolicy) (wire.Object, *wire.Error) {
	items, out, e := paged(c, []wire.Object{versionObject(m)})
	if e != nil {
		return nil, e
	}
	out["Versions"] = items
	return out, nil
}

// getAccountAuthorizationDetails returns users, roles and policies in one list
// that is paged as a whole. Role details have no permissions boundary and lists
// no group: AWS is reported to leave boundaries out too, so GetRole must be asked.
func getAccountAuthorizationDetails(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
	if e := c.Authorize(s, state.Question{Action: c.Op, Resource: "*", Account: c.Caller.Account}); e != nil {
		return nil, e
	}
	wanted := map[string]bool{}
	for name, v := range c.Form {
		if strings.HasPrefix(name, "Filter.member.") {
			wanted[v[0]] = true
		}
	}
	want := func(kind string) bool { return len(wanted) == 0 || wanted[kind] }
	a := s.Accounts[c.Caller.Account]

	type item struct {
		list   string
		detail wire.Object
	}
	var all []item
	if want("User") {
		for _, name := range slices.Sorted(maps.Keys(a.Users)) {
			u := a.Users[name]
			d := detailObject(s, a.ID, &u.Entity, "UserPolicyList")
			d["UserName"], d["UserId"], d["GroupList"] = u.Name, u.ID, []string{}
			all = append(all, item{"UserDetailList", d})
		}
	}
	if want("Role") {
		for _, r := range sortedRoles(a, "") {
			d := detailObject(s, a.ID, &r.Entity, "RolePolicyList")
			d["RoleName"], d["RoleId"] = r.Name, r.ID
			d["AssumeRolePolicyDocument"] = document(r.Trust)
			d["InstanceProfileList"], d["RoleLastUsed"] = []wire.Object{}, wire.Object{}
			all = append(all, item{"RoleDetailList", d})
		}
	}
	policies := func(from map[string]*state.ManagedPolicy) {
		for _, arn := range slices.Sorted(maps.Keys(from)) {
			d := policyObject(s, a.ID, from[arn])
			if strings.Contains(arn, "::aws:") && d["AttachmentCount"] == 0 && d["PermissionsBoundaryUsageCount"] == 0 {
				continue // only those of AWS's policies that are in use
			}
			v := versionObject(from[arn])
			v["Document"] = document(from[arn].Document)
			d["PolicyVersionList"] = []wire.Object{v}
			all = append(all, item{"Policies", d})
		}
	}
	if want("LocalManagedPolicy") {
		policies(a.Managed)
	}
	if want("AWSManagedPolicy") {
		policies(s.AWSManaged)
	}

	items, out, e := paged(c, all)
	if e != nil {
		return nil, e
	}
	lists := map[string][]wire.Object{"UserDetailList": {}, "GroupDetailList": {}, "RoleDetailList": {}, "Policies": {}}
	for _, i := range items {
		lists[i.list] = append(lists[i.list], i.detail)
	}
	for name, list := range lists {
		out[name] = list
	}
	return out, nil
}

// detailObject is what the details of roles and users share.
func detailObject(s *state.State, account string, e *state.Entity, policies string) wire.Object {
	inline := []wire.Object{}
	for _, d := range e.Inline {
		inline = append(inline, wire.Object{"PolicyName": d.Name, "PolicyDocument": document(d.Document)})
	}
	return wire.Object{
		"Arn": e.ARN, "Path": e.Path, "CreateDate": e.Created,
		"AttachedManagedPolicies": attachedObjects(s, account, e.Attached),
		"Tags":                    append([]wire.Object{}, wire.TagList(e.Tags, "Key", "Value")...),
		policies:                  inline,
	}
}

// newDocument reads a policy document that is to be stored: AWS stores no invalid one.
func newDocument(c *service.Call, parameter string, kind policy.Kind) (string, *wire.Error) {
	text, e := required(c, parameter)
	if e != nil {
		return "", e
	}
	if p := policy.Parse(kind, "new policy", []byte(text), policy.In(c.Caller.Principal.Partition)); !p.Valid() {
		return "", &wire.Error{Status: 400, Code: "MalformedPolicyDocument", Message: service.FirstFault(p)}
	}
	return text, nil
}

func putRolePolicy(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	text, e := newDocument(c, "PolicyDocument", policy.Identity)
	if e != nil {
		return nil, e
	}
	at, found := slices.BinarySearchFunc(r.Inline, name, func(d state.NamedDocument, name string) int { return cmp.Compare(d.Name, name) })
	if found {
		r.Inline[at].Document = text
	} else {
		r.Inline = slices.Insert(r.Inline, at, state.NamedDocument{Name: name, Document: text})
	}
	return wire.Object{}, nil
}

func deleteRolePolicy(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	name, e := required(c, "PolicyName")
	if e != nil {
		return nil, e
	}
	kept := slices.DeleteFunc(slices.Clone(r.Inline), func(d state.NamedDocument) bool { return d.Name == name })
	if len(kept) == len(r.Inline) {
		return nil, noSuchEntity("The role policy with name %s cannot be found.", name)
	}
	r.Inline = kept
	return wire.Object{}, nil
}

// rolePath and roleName are the forms of a role's path and name.
var (
	rolePath = regexp.MustCompile(`^/([!-.0-~]+/)*$`)
	roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
)

// createRole makes a role without policies. It takes no tags and no boundary.
func createRole(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
	name, e := required(c, "RoleName")
	if e != nil {
		return nil, e
	}
	path := cmp.Or(c.Form.Get("Path"), "/")
	switch {
	case !roleName.MatchString(name):
		return nil, service.InvalidValue("1 validation error detected: Value '%s' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+", name)
	case !rolePath.MatchString(path):
		return nil, service.InvalidValue("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	account := s.Accounts[c.Caller.Account]
	arn := "arn:" + s.Partition + ":iam::" + account.ID + ":role" + path + name
	if e := c.Authorize(s, state.Question{Action: c.Op, Resource: arn, Account: account.ID}); e != nil {
		return nil, e
	}
	if account.Roles[strings.ToLower(name)] != nil {
		return nil, &wire.Error{Status: 409, Code: "EntityAlreadyExists", Message: "Role with name " + name + " already exists."}
	}
	trust, e := newDocument(c, "AssumeRolePolicyDocument", policy.Trust)
	if e != nil {
		return nil, e
	}
	r := &state.Role{
		Entity: state.Entity{ARN: arn, Path: path, Name: name, ID: state.UniqueID("AROA", arn+s.NewID("role")), Created: s.Created},
		Trust:  trust, Description: c.Form.Get("Description"), MaxSession: time.Hour,
	}
	account.Roles[strings.ToLower(name)] = r
	return wire.Object{"Role": roleObject(r)}, nil
}

func updateAssumeRolePolicy(_ *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	text, e := newDocument(c, "PolicyDocument", policy.Trust)
	if e != nil {
		return nil, e
	}
	r.Trust = text
	return wire.Object{}, nil
}

// namedPolicy finds the managed policy that a parameter names.
func namedPolicy(s *state.State, c *service.Call, parameter string) (*state.ManagedPolicy, *wire.Error) {
	text, e := required(c, parameter)
	if e != nil {
		return nil, e
	}
	m := s.FindManaged(c.Caller.Account, text)
	if m == nil {
		return nil, noSuchEntity("Policy %s does not exist or is not attachable.", text)
	}
	return m, nil
}

func attachRolePolicy(s *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	m, e := namedPolicy(s, c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	if !slices.Contains(r.Attached, m.ARN) {
		r.Attached = append(r.Attached, m.ARN)
	}
	return wire.Object{}, nil
}

func detachRolePolicy(s *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	m, e := namedPolicy(s, c, "PolicyArn")
	if e != nil {
		return nil, e
	}
	at := slices.Index(r.Attached, m.ARN)
	if at < 0 {
		return nil, noSuchEntity("Policy %s was not found.", m.ARN)
	}
	r.Attached = slices.Delete(slices.Clone(r.Attached), at, at+1)
	return wire.Object{}, nil
}

func putRolePermissionsBoundary(s *state.State, c *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	m, e := namedPolicy(s, c, "PermissionsBoundary")
	if e != nil {
		return nil, e
	}
	r.Boundary = m.ARN
	return wire.Object{}, nil
}

func deleteRolePermissionsBoundary(_ *state.State, _ *service.Call, r *state.Role) (wire.Object, *wire.Error) {
	r.Boundary = ""
	return wire.Object{}, nil
}
