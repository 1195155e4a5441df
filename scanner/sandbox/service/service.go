// Package service is what the services of the sandbox have in common: a [Service] is
// one value that routes a [Call] to an operation, and gives errors its wire form.
// [JSON] and [Query] make services out of a table of operations.
package service

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/principal"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Service is one AWS service of the sandbox.
type Service struct {
	Name       string   // that requests are signed for
	Operations []string // names of its operations, sorted; nil where requests do not name them
	Anonymous  bool     // serves callers without an access key
	Errors     Errors

	// route says what is asked: it sets op ("service:Operation"), and account and
	// bucket where the call is about them, without judging whether it is allowed.
	Route func(s *state.State, c *Call) (Operation, *wire.Error)
	// fail gives an error the service's wire form.
	Fail func(c *Call, e *wire.Error) *wire.Response
}

// Operation is what a call asks for.
type Operation struct {
	Prepare func() // needs nothing of the state, such as digests of a large body; nil: nothing
	Run     func() (*wire.Response, *wire.Error)
}

// Errors are a service's forms of the errors that every service has.
type Errors struct {
	denied     wire.Error // without its message
	UnknownKey wire.Error // unknown access key
	BadToken   wire.Error // session token that does not belong to the access key
	Expired    wire.Error // session that is over
	Throttled  wire.Error
	Internal   string // code of a 500
}

// Call is one request after routing: who asks which service in which Region.
type Call struct {
	HTTP       *http.Request
	Body       []byte
	ID         string          // request id
	Caller     *state.Identity // nil: anonymous
	Service    *Service
	Region     string     // from the credential scope, or the host
	Op         string     // "s3:GetBucketReplication" once the service's router knows it
	Form       url.Values // Query protocol
	Account    string     // account the operation is about (faults match on it)
	BucketName string

	Asked []Action // that the call was judged for
}

// Operation is the operation's name without its service.
func (c *Call) Operation() string {
	_, op, _ := strings.Cut(c.Op, ":")
	return op
}

// Denied is the service's form of a denial.
func (c *Call) Denied(message string) *wire.Error {
	e := c.Service.Errors.denied.Fresh()
	e.Message = message
	return e
}

// Action is an IAM action that was asked for; [Sandbox.Actions] counts them.
type Action struct {
	Caller string // as in Call
	Action string // as in s3:GetReplicationConfiguration
	Result iam.Result
}

// Authorize decides whether the caller of c may do what req asks, and returns
// the service's denial otherwise. What rules/iam cannot decide is denied. It runs
// with s.mu held.
func (c *Call) Authorize(s *state.State, req state.Question) *wire.Error {
	who := c.Caller
	if who == nil {
		who = Anonymous
	}
	global := map[string]contextkey.Value{"aws:requestedregion": contextkey.One(c.Region)}
	if agent := c.HTTP.UserAgent(); agent != "" {
		global["aws:useragent"] = contextkey.One(agent)
	}
	if referer := c.HTTP.Referer(); referer != "" {
		global["aws:referer"] = contextkey.One(referer)
	}
	maps.Copy(global, req.Context)
	req.Context = global
	d := s.Decide(who, req)
	c.Asked = append(c.Asked, Action{Caller: c.Caller.PrincipalARN(), Action: req.Action, Result: d.Result})
	if d.Result == iam.Allowed {
		return nil
	}
	return c.Denied(denial(who, req, d))
}

// Anonymous is the caller of an unsigned request.
var Anonymous = &state.Identity{Principal: principal.Anonymous()}
