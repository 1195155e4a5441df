package sandbox

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crosscheck/rules/iam"
)

// stsService answers AWS STS.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
var stsService = queryService{
	name: "sts", namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
	internal: "InternalFailure",
	account:  accountOfRole,
	operations: map[string]func(*State, *call) (object, *apiError){
		"AssumeRole":        assumeRole,
		"GetCallerIdentity": getCallerIdentity,
	},
}.service()

// accountOfRole is the account of the role that a call wants to assume.
func accountOfRole(c *call) string {
	if c.operation() == "AssumeRole" {
		if a, ok := parseARN(c.form.Get("RoleArn")); ok {
			return a.account
		}
	}
	return ""
}

// getCallerIdentity needs no permission, and no policy can deny it.
func getCallerIdentity(_ *State, c *call) (object, *apiError) {
	return object{
		"Account": c.caller.account, "Arn": c.caller.principal.ARN, "UserId": c.caller.userID(),
	}, nil
}

var (
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

func invalidValue(format string, args ...any) *apiError {
	return &apiError{status: 400, code: "ValidationError", message: fmt.Sprintf(format, args...)}
}

// assumeRole begins a session of a role when the role's trust policy and, where
// it only delegates to the caller's account, the caller's own policies allow it.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func assumeRole(s *State, c *call) (object, *apiError) {
	roleARN, session := c.form.Get("RoleArn"), c.form.Get("RoleSessionName")
	target, ok := parseARN(roleARN)
	if !ok || target.service != "iam" || !strings.HasPrefix(target.resource, "role/") {
		return nil, invalidValue("%s is invalid", roleARN)
	}
	if !sessionName.MatchString(session) {
		return nil, invalidValue("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: [\w+=,.@-]* and have a length of 2 to 64`, session)
	}
	external := c.form.Get("ExternalId")
	if c.form.Has("ExternalId") && (!externalID.MatchString(external) || len(external) > 1224) {
		return nil, invalidValue("1 validation error detected: Value '%s' at 'externalId' failed to satisfy constraint: "+
			`Member must satisfy regular expression pattern: [\w+=,.@:\/-]* and have a length of 2 to 1224`, external)
	}
	// Tags, serial numbers and the like change who the session is: they are not
	// dropped in silence.
	for name := range c.form {
		switch base, _, _ := strings.Cut(name, "."); base {
		case "Action", "Version", "RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "Policy":
		default:
			return nil, notImplemented(c.op + " with " + name)
		}
	}
	refused := &apiError{status: 403, code: "AccessDenied", message: fmt.Sprintf(
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.caller.principal.ARN, roleARN)}
	if c.caller.role == nil && c.caller.user == nil {
		refused.message = "Roles may not be assumed by root accounts."
		return nil, refused
	}
	_, name := splitPath(strings.TrimPrefix(target.resource, "role"))
	a := s.accounts[target.account]
	if a == nil || a.status != "ACTIVE" || target.partition != s.partition {
		return nil, refused // whether an account or a role exists is not told
	}
	r := a.roles[strings.ToLower(name)]
	if r == nil || r.arn != roleARN {
		return nil, refused
	}
	context := map[string]iam.Value{"sts:rolesessionname": iam.One(session)}
	if external != "" {
		context["sts:externalid"] = iam.One(external)
	}
	for k, v := range r.tags {
		context["aws:resourcetag/"+strings.ToLower(k)] = iam.One(v)
		context["iam:resourcetag/"+strings.ToLower(k)] = iam.One(v)
	}
	if e := c.authorize(s, question{
		action: "sts:AssumeRole", resource: r.arn, account: a.id,
		kind: iam.TrustPolicy, policy: r.trust, name: r.arn, context: context,
	}); e != nil {
		return nil, e
	}
	lasts, e := sessionLength(c, r)
	if e != nil {
		return nil, e
	}
	policy := c.form.Get("Policy")
	if policy != "" {
		if p := iam.Parse(iam.SessionPolicy, "session policy", []byte(policy)); !p.Valid() {
			return nil, &apiError{status: 400, code: "MalformedPolicyDocument", message: "Syntax errors in policy."}
		}
	}

	s.seq++
	n := strconv.FormatUint(s.seq, 10)
	key := uniqueID("ASIA", n)[:20]
	who := s.sessionIdentity(a.id, r, session)
	who.session = policy
	who.issued = time.Now()
	who.expires = who.issued.Add(lasts).Truncate(time.Second)
	who.secret = base64.StdEncoding.EncodeToString(digest("secret", n))[:40]
	who.token = base64.StdEncoding.EncodeToString(append(digest("token", n), digest("token 2", n)...))
	s.access[key] = who
	return object{
		"AssumedRoleUser": object{"Arn": who.principal.ARN, "AssumedRoleId": who.userID()},
		"Credentials": object{
			"AccessKeyId": key, "SecretAccessKey": who.secret, "SessionToken": who.token, "Expiration": who.expires,
		},
	}, nil
}

// sessionLength is how long the session is to last.
func sessionLength(c *call, r *role) (time.Duration, *apiError) {
	lasts := time.Hour
	if text := c.form.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 900 || n > 43200 {
			return 0, invalidValue("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: "+
				"Member must have value between 900 and 43200", text)
		}
		lasts = time.Duration(n) * time.Second
	}
	switch {
	case c.caller.role != nil && lasts > time.Hour:
		return 0, invalidValue("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case lasts > r.maxSession:
		return 0, invalidValue("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return lasts, nil
}

// splitPath splits /service-role/Name into /service-role/ and Name.
func splitPath(text string) (path, name string) {
	i := strings.LastIndexByte(text, '/')
	return text[:i+1], text[i+1:]
}
