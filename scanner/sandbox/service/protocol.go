package service

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// JSON is a service of the JSON 1.1 protocol. In is the members of all
// requests that it reads; members that it does not know are ignored.
type JSON[In any] struct {
	Name, Target        string                                           // target begins X-Amz-Target
	Throttled, Internal string                                           // codes of its errors
	Account             func(s *state.State, c *Call) string             // that a call is about, "" = its caller's
	Admit               func(s *state.State, c *Call, in In) *wire.Error // judges what all operations need; nil: nothing
	Operations          map[string]func(*state.State, *Call, In) (wire.Object, *wire.Error)
}

// Service is the service that answers with these operations.
func (j JSON[In]) Service() *Service {
	return &Service{
		Name: j.Name, Operations: slices.Sorted(maps.Keys(j.Operations)),
		Errors: Errors{
			denied:     wire.Error{Status: 400, Code: "AccessDeniedException"},
			UnknownKey: wire.Error{Status: 400, Code: "UnrecognizedClientException", Message: invalidToken},
			BadToken:   wire.Error{Status: 400, Code: "UnrecognizedClientException", Message: invalidToken},
			Expired:    wire.Error{Status: 400, Code: "ExpiredTokenException", Message: expiredToken},
			Throttled:  wire.Error{Status: 400, Code: j.Throttled, Message: "Rate exceeded"},
			Internal:   j.Internal,
		},
		Route: j.route,
		Fail:  func(c *Call, e *wire.Error) *wire.Response { return wire.FailJSON(c.ID, e) },
	}
}

// route reads the operation of a request.
func (j JSON[In]) route(s *state.State, c *Call) (Operation, *wire.Error) {
	op, ok := strings.CutPrefix(c.HTTP.Header.Get("X-Amz-Target"), j.Target)
	if !ok || op == "" {
		c.Op = j.Name + ":Unknown" // another protocol, or another service's operation
		return Operation{}, wire.NotImplemented(j.Name + " without an X-Amz-Target that begins with " + j.Target)
	}
	c.Op = j.Name + ":" + op
	if c.Caller != nil {
		c.Account = c.Caller.Account
	}
	if j.Account != nil {
		if about := j.Account(s, c); about != "" {
			c.Account = about
		}
	}
	return Operation{Run: func() (*wire.Response, *wire.Error) { return j.run(s, c, op) }}, nil
}

func (j JSON[In]) run(s *state.State, c *Call, op string) (*wire.Response, *wire.Error) {
	do := j.Operations[op]
	if do == nil {
		return nil, wire.NotImplemented(c.Op)
	}
	var in In
	if e := wire.ReadJSON(c.Body, &in); e != nil {
		return nil, e
	}
	if j.Admit != nil {
		if e := j.Admit(s, c, in); e != nil {
			return nil, e
		}
	}
	out, e := do(s, c, in)
	if e != nil {
		return nil, e
	}
	return wire.AnswerJSON(c.ID, out)
}

// Query is a service of the Query protocol.
type Query struct {
	Name, Namespace string
	Internal        string               // code of its 500
	Account         func(c *Call) string // that a call is about, "" = its caller's; nil: always its caller's
	Operations      map[string]func(*state.State, *Call) (wire.Object, *wire.Error)
}

// Service is the service that answers with these operations.
func (q Query) Service() *Service {
	return &Service{
		Name: q.Name, Operations: slices.Sorted(maps.Keys(q.Operations)),
		Errors: QueryErrors(q.Internal),
		Route:  q.route,
		Fail:   func(c *Call, e *wire.Error) *wire.Response { return wire.FailQuery(q.Namespace, c.ID, e) },
	}
}

// route reads the operation of a request.
func (q Query) route(s *state.State, c *Call) (Operation, *wire.Error) {
	c.Op = q.Name + ":Unknown"
	form, err := url.ParseQuery(string(c.Body))
	if err != nil {
		return Operation{}, &wire.Error{
			Status: 400, Code: "MalformedQueryString",
			Message: "The query string contains a syntax error.",
		}
	}
	for k, v := range c.HTTP.URL.Query() {
		if !strings.HasPrefix(k, "X-Amz-") && form[k] == nil {
			form[k] = v
		}
	}
	c.Form = form
	action := form.Get("Action")
	if action == "" {
		return Operation{}, &wire.Error{Status: 400, Code: "MissingAction", Message: "no Action in the request"}
	}
	c.Op = q.Name + ":" + action
	if c.Caller != nil {
		c.Account = c.Caller.Account
	}
	if q.Account != nil {
		if about := q.Account(c); about != "" {
			c.Account = about
		}
	}
	return Operation{Run: func() (*wire.Response, *wire.Error) { return q.run(s, c, action) }}, nil
}

func (q Query) run(s *state.State, c *Call, action string) (*wire.Response, *wire.Error) {
	do := q.Operations[action]
	if do == nil {
		return nil, wire.NotImplemented(c.Op)
	}
	out, e := do(s, c)
	if e != nil {
		return nil, e
	}
	return wire.AnswerQuery(q.Namespace, c.ID, action, out), nil
}

// QueryErrors are the general errors of a Query service.
func QueryErrors(internal string) Errors {
	return Errors{
		denied:     wire.Error{Status: 403, Code: "AccessDenied"},
		UnknownKey: wire.Error{Status: 403, Code: "InvalidClientTokenId", Message: invalidToken},
		BadToken:   wire.Error{Status: 403, Code: "InvalidClientTokenId", Message: invalidToken},
		Expired:    wire.Error{Status: 403, Code: "ExpiredToken", Message: expiredToken},
		Throttled:  wire.Error{Status: 400, Code: "Throttling", Message: "Rate exceeded"},
		Internal:   internal,
	}
}

// RestErrors are the general errors of S3 and S3 Control.
func RestErrors() Errors {
	return Errors{
		denied:     wire.Error{Status: 403, Code: "AccessDenied"},
		UnknownKey: wire.Error{Status: 403, Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records."},
		BadToken:   wire.Error{Status: 400, Code: "InvalidToken", Message: "The provided token is malformed or otherwise invalid."},
		Expired:    wire.Error{Status: 400, Code: "ExpiredToken", Message: "The provided token has expired."},
		Throttled:  wire.Error{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."},
		Internal:   "InternalError",
	}
}

const (
	invalidToken = "The security token included in the request is invalid."
	expiredToken = "The security token included in the request is expired"
)
