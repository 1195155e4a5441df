// Package sts is AWS STS in the sandbox: AssumeRole and GetCallerIdentity.
package sts

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Service answers AWS STS.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
var Service = service.Query{
	Name: "sts", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
	Internal: "InternalFailure",
	Account:  accountOfRole,
	Operations: map[string]func(*state.State, *service.Call) (wire.Object, *wire.Error){
		"AssumeRole":        assumeRole,
		"GetCallerIdentity": getCallerIdentity,
	},
}.Service()

// accountOfRole is the account of the role that a call wants to assume.
func accountOfRole(c *service.Call) string {
	if c.Operation() == "AssumeRole" {
		if a, ok := state.ParseARN(c.Form.Get("RoleArn")); ok {
			return a.Account
		}
	}
	return ""
}

// getCallerIdentity needs no permission, and no policy can deny it.
func getCallerIdentity(_ *state.State, c *service.Call) (wire.Object, *wire.Error) {
	return wire.Object{
		"Account": c.Caller.Account, "Arn": c.Caller.Principal.ARN, "UserId": c.Caller.UserID(),
	}, nil
}

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

// assumeRole begins a session of a role when the role's trust policy and, where
// it only delegates to the caller's account, the caller's own policies allow it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func assumeRole(s *state.State, c *service.Call) (wire.Object, *wire.Error) {
	roleARN, session := c.Form.Get("RoleArn"), c.Form.Get("RoleSessionName")
	target, ok := state.ParseARN(roleARN)
	if !ok || target.Service != "iam" || !strings.HasPrefix(target.Resource, "role/") {
		return nil, service.InvalidValue("%s is invalid", roleARN)
	}
	if !sessionName.MatchString(session) {
		return nil, service.InvalidValue("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: [\w+=,.@-]* and have a length of 2 to 64`, session)
	}
	external := c.Form.Get("ExternalId")
	if c.Form.Has("ExternalId") && (!externalID.MatchString(external) || len(external) > 1224) {
		return nil, service.InvalidValue("1 validation error detected: Value '%s' at 'externalId' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: [\w+=,.@:\/-]* and have a length of 2 to 1224`, external)
	}
	// Tags, serial numbers and the like change who the session is: they are not
	// dropped in silence.
	for name := range c.Form {
		switch base, _, _ := strings.Cut(name, "."); base {
		case "Action", "Version", "RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "Policy":
		default:
			return nil, wire.NotImplemented(c.Op + " with " + name)
		}
	}
	refused := &wire.Error{Status: 403, Code: "AccessDenied", Message: fmt.Sprintf(
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.Caller.Principal.ARN, roleARN)}
	if c.Caller.Role == nil && c.Caller.User == nil {
		refused.Message = "Roles may not be assumed by root accounts."
		return nil, refused
	}
	_, name := splitPath(strings.TrimPrefix(target.Resource, "role"))
	a := s.Accounts[target.Account]
	if a == nil || a.Status != "ACTIVE" || target.Partition != s.Partition {
		return nil, refused // whether an account or a role exists is not told
	}
	r := a.Roles[strings.ToLower(name)]
	if r == nil || r.ARN != roleARN {
		return nil, refused
	}
	context := map[string]contextkey.Value{"sts:rolesessionname": contextkey.One(session)}
	if external != "" {
		context["sts:externalid"] = contextkey.One(external)
	}
	for k, v := range r.Tags {
		context["aws:resourcetag/"+strings.ToLower(k)] = contextkey.One(v)
		context["iam:resourcetag/"+strings.ToLower(k)] = contextkey.One(v)
	}
	if e := c.Authorize(s, state.Question{
		Action: "sts:AssumeRole", Resource: r.ARN, Account: a.ID,
		Kind: policy.Trust, Policy: r.Trust, Name: r.ARN, Context: context,
	}); e != nil {
		return nil, e
	}
	lasts, e := sessionLength(c, r)
	if e != nil {
		return nil, e
	}
	document := c.Form.Get("Policy")
	if document != "" {
		if p := policy.Parse(policy.Session, "session policy", []byte(document)); !p.Valid() {
			return nil, &wire.Error{Status: 400, Code: "MalformedPolicyDocument", Message: "Syntax errors in policy."}
		}
	}

	s.Seq++
	n := strconv.FormatUint(s.Seq, 10)
	key := state.UniqueID("ASIA", n)[:20]
	who := s.SessionIdentity(a.ID, r, session)
	who.Session = document
	who.Issued = time.Now()
	who.Expires = who.Issued.Add(lasts).Truncate(time.Second)
	who.Secret = base64.StdEncoding.EncodeToString(state.Digest("secret", n))[:40]
	who.Token = base64.StdEncoding.EncodeToString(append(state.Digest("token", n), state.Digest("token 2", n)...))
	s.Access[key] = who
	return wire.Object{
		"AssumedRoleUser": wire.Object{"Arn": who.Principal.ARN, "AssumedRoleId": who.UserID()},
		"Credentials": wire.Object{
			"AccessKeyId": key, "SecretAccessKey": who.Secret, "SessionToken": who.Token, "Expiration": who.Expires,
		},
	}, nil
}

// sessionLength is how long the session is to last.
func sessionLength(c *service.Call, r *state.Role) (time.Duration, *wire.Error) {
	lasts := time.Hour
	if text := c.Form.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 900 || n > 43200 {
			return 0, service.InvalidValue("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: "+
				"Member must have value between 900 and 43200", text)
		}
		lasts = time.Duration(n) * time.Second
	}
	switch {
	case c.Caller.Role != nil && lasts > time.Hour:
		return 0, service.InvalidValue("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case lasts > r.MaxSession:
		return 0, service.InvalidValue("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return lasts, nil
}

// splitPath splits /service-role/Name into /service-role/ and Name.
func splitPath(text string) (path, name string) {
	i := strings.LastIndexByte(text, '/')
	return text[:i+1], text[i+1:]
}
