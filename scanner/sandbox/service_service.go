package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"crosscheck/rules/iam"
)

// service is one AWS service of the sandbox.
type service struct {
	name      string // that requests are signed for
	anonymous bool   // serves callers without an access key
	errors    generalErrors

	// route says what is asked: it sets op ("service:Operation"), and account and
	// bucket where the call is about them, without judging whether it is allowed.
	route func(s *State, c *call) (operation, *apiError)
	// fail gives an error the service's wire form.
	fail func(c *call, e *apiError) *response
}

// operation is what a call asks for.
type operation struct {
	prepare func() // needs nothing of the state, such as digests of a large body; nil: nothing
	run     func() (*response, *apiError)
}

// generalErrors are a service's forms of the errors that every service has.
type generalErrors struct {
	denied     apiError // without its message
	unknownKey apiError // access key that nobody has
	badToken   apiError // session token that does not belong to the access key
	expired    apiError // session that is over
	throttled  apiError
	internal   string // code of a 500
}

// call is one request after routing: who asks which service in which Region.
type call struct {
	r       *http.Request
	body    []byte
	id      string    // request id
	caller  *identity // nil: anonymous
	service *service
	region  string     // from the credential scope, or the host
	op      string     // "s3:GetBucketReplication" once the service's router knows it
	form    url.Values // Query protocol
	account string     // account the operation is about (faults match on it)
	bucket  string

	asked []Action // that the call was judged for
}

// operation is the operation's name without its service.
func (c *call) operation() string {
	_, op, _ := strings.Cut(c.op, ":")
	return op
}

// denied is the service's form of a denial.
func (c *call) denied(message string) *apiError {
	e := c.service.errors.denied.fresh()
	e.message = message
	return e
}

// Action is an IAM action that was asked for; [Sandbox.Actions] counts them.
type Action struct {
	Caller string // as in Call
	Action string // as in s3:GetReplicationConfiguration
	Result iam.Result
}

// authorize decides whether the caller of c may do what req asks, and returns
// the service's denial otherwise. What rules/iam cannot decide is denied. It runs
// with s.mu held.
func (c *call) authorize(s *State, req question) *apiError {
	who := c.caller
	if who == nil {
		who = anonymous
	}
	global := map[string]iam.Value{"aws:requestedregion": iam.One(c.region)}
	if agent := c.r.UserAgent(); agent != "" {
		global["aws:useragent"] = iam.One(agent)
	}
	if referer := c.r.Referer(); referer != "" {
		global["aws:referer"] = iam.One(referer)
	}
	maps.Copy(global, req.context)
	req.context = global
	d := s.decide(who, req)
	c.asked = append(c.asked, Action{Caller: c.caller.lasting(), Action: req.action, Result: d.Result})
	if d.Result == iam.Allowed {
		return nil
	}
	return c.denied(denial(who, req, d))
}

// anonymous is the caller of an unsigned request.
var anonymous = &identity{principal: iam.Anonymous()}
