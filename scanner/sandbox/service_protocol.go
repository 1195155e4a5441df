package sandbox

import (
	"net/url"
	"strings"
)

// jsonService is a service of the JSON 1.1 protocol. In is the members of all
// requests that it reads; members that it does not know are ignored.
type jsonService[In any] struct {
	name, target        string                                   // target begins X-Amz-Target
	throttled, internal string                                   // codes of its errors
	account             func(s *State, c *call) string           // that a call is about, "" = its caller's
	admit               func(s *State, c *call, in In) *apiError // judges what all operations need; nil: nothing
	operations          map[string]func(*State, *call, In) (object, *apiError)
}

func (j jsonService[In]) service() *service {
	return &service{
		name: j.name,
		errors: generalErrors{
			denied:     apiError{status: 400, code: "AccessDeniedException"},
			unknownKey: apiError{status: 400, code: "UnrecognizedClientException", message: invalidToken},
			badToken:   apiError{status: 400, code: "UnrecognizedClientException", message: invalidToken},
			expired:    apiError{status: 400, code: "ExpiredTokenException", message: expiredToken},
			throttled:  apiError{status: 400, code: j.throttled, message: "Rate exceeded"},
			internal:   j.internal,
		},
		route: j.route,
		fail:  func(c *call, e *apiError) *response { return failJSON(c.id, e) },
	}
}

// route reads the operation of a request.
func (j jsonService[In]) route(s *State, c *call) (operation, *apiError) {
	op, ok := strings.CutPrefix(c.r.Header.Get("X-Amz-Target"), j.target)
	if !ok || op == "" {
		c.op = j.name + ":Unknown" // another protocol, or another service's operation
		return operation{}, notImplemented(j.name + " without an X-Amz-Target that begins with " + j.target)
	}
	c.op = j.name + ":" + op
	if c.caller != nil {
		c.account = c.caller.account
	}
	if j.account != nil {
		if about := j.account(s, c); about != "" {
			c.account = about
		}
	}
	return operation{run: func() (*response, *apiError) { return j.run(s, c, op) }}, nil
}

func (j jsonService[In]) run(s *State, c *call, op string) (*response, *apiError) {
	do := j.operations[op]
	if do == nil {
		return nil, notImplemented(c.op)
	}
	var in In
	if e := readJSON(c.body, &in); e != nil {
		return nil, e
	}
	if j.admit != nil {
		if e := j.admit(s, c, in); e != nil {
			return nil, e
		}
	}
	out, e := do(s, c, in)
	if e != nil {
		return nil, e
	}
	return answerJSON(c.id, out)
}

// queryService is a service of the Query protocol.
type queryService struct {
	name, namespace string
	internal        string               // code of its 500
	account         func(c *call) string // that a call is about, "" = its caller's; nil: always its caller's
	operations      map[string]func(*State, *call) (object, *apiError)
}

func (q queryService) service() *service {
	return &service{
		name:   q.name,
		errors: queryErrors(q.internal),
		route:  q.route,
		fail:   func(c *call, e *apiError) *response { return failQuery(q.namespace, c.id, e) },
	}
}

// route reads the operation of a request.
func (q queryService) route(s *State, c *call) (operation, *apiError) {
	c.op = q.name + ":Unknown"
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return operation{}, &apiError{status: 400, code: "MalformedQueryString", message: "The query string contains a syntax error."}
	}
	for k, v := range c.r.URL.Query() {
		if !strings.HasPrefix(k, "X-Amz-") && form[k] == nil {
			form[k] = v
		}
	}
	c.form = form
	action := form.Get("Action")
	if action == "" {
		return operation{}, &apiError{status: 400, code: "MissingAction", message: "no Action in the request"}
	}
	c.op = q.name + ":" + action
	if c.caller != nil {
		c.account = c.caller.account
	}
	if q.account != nil {
		if about := q.account(c); about != "" {
			c.account = about
		}
	}
	return operation{run: func() (*response, *apiError) { return q.run(s, c, action) }}, nil
}

func (q queryService) run(s *State, c *call, action string) (*response, *apiError) {
	do := q.operations[action]
	if do == nil {
		return nil, notImplemented(c.op)
	}
	out, e := do(s, c)
	if e != nil {
		return nil, e
	}
	return answerQuery(q.namespace, c.id, action, out), nil
}

func queryErrors(internal string) generalErrors {
	return generalErrors{
		denied:     apiError{status: 403, code: "AccessDenied"},
		unknownKey: apiError{status: 403, code: "InvalidClientTokenId", message: invalidToken},
		badToken:   apiError{status: 403, code: "InvalidClientTokenId", message: invalidToken},
		expired:    apiError{status: 403, code: "ExpiredToken", message: expiredToken},
		throttled:  apiError{status: 400, code: "Throttling", message: "Rate exceeded"},
		internal:   internal,
	}
}

// restErrors are the general errors of S3 and S3 Control.
func restErrors() generalErrors {
	return generalErrors{
		denied:     apiError{status: 403, code: "AccessDenied"},
		unknownKey: apiError{status: 403, code: "InvalidAccessKeyId", message: "The AWS Access Key Id you provided does not exist in our records."},
		badToken:   apiError{status: 400, code: "InvalidToken", message: "The provided token is malformed or otherwise invalid."},
		expired:    apiError{status: 400, code: "ExpiredToken", message: "The provided token has expired."},
		throttled:  apiError{status: 503, code: "SlowDown", message: "Please reduce your request rate."},
		internal:   "InternalError",
	}
}

const (
	invalidToken = "The security token included in the request is invalid."
	expiredToken = "The security token included in the request is expired"
)
