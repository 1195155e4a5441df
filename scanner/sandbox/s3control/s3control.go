// Package s3control is S3 Control in the sandbox: the public access block of an
// account.
package s3control

import (
	"encoding/xml"
	"net/http"
	"strings"

	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Service answers S3 Control: the account-level public access block.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html
var Service = &service.Service{Name: "s3control", Errors: service.RestErrors(), Route: route, Fail: Fail}

const namespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

// Path begins the path of every S3 Control operation.
const Path = "/v20180820/"

func route(s *state.State, c *service.Call) (service.Operation, *wire.Error) {
	c.Account = c.HTTP.Header.Get("X-Amz-Account-Id")
	if c.Account == "" {
		if host, _, ok := strings.Cut(c.HTTP.Host, "."); ok && state.IsAccountID(host) {
			c.Account = host
		}
	}
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[c.HTTP.Method]
	if c.HTTP.URL.Path != Path+"configuration/publicAccessBlock" || verb == "" {
		c.Op = "s3control:Unknown"
		return service.Operation{}, wire.NotImplemented("s3control " + c.HTTP.Method + " " + c.HTTP.URL.Path)
	}
	c.Op = "s3control:" + verb + "PublicAccessBlock"
	return service.Operation{Run: func() (*wire.Response, *wire.Error) { return accountPublicAccess(s, c) }}, nil
}

// accountPublicAccess reads, sets or deletes the public access block of an account.
func accountPublicAccess(s *state.State, c *service.Call) (*wire.Response, *wire.Error) {
	if !state.IsAccountID(c.Account) {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidRequest",
			Message: "AccountId must be a valid 12-digit account id",
		}
	}
	action := "s3:GetAccountPublicAccessBlock"
	if c.Operation() != "GetPublicAccessBlock" {
		action = "s3:PutAccountPublicAccessBlock"
	}
	if c.Account != c.Caller.Account {
		return nil, c.Denied("Access Denied")
	}
	if e := c.Authorize(s, state.Question{Action: action, Resource: "*", Account: c.Account}); e != nil {
		return nil, e
	}
	a := s.Accounts[c.Account]
	if o := s.Organization; c.Operation() != "GetPublicAccessBlock" && o != nil && o.PublicAccess != nil && o.Parent[a.ID] != "" {
		return nil, c.Denied("Access Denied") // an S3 policy of the organization has set it
	}
	done := &wire.Response{Status: http.StatusOK, Header: http.Header{"X-Amz-Request-Id": {c.ID}}}
	switch c.Operation() {
	case "PutPublicAccessBlock":
		var in state.PublicAccessBlock
		if e := wire.StrictXML(c.Body, "PublicAccessBlockConfiguration", &in); e != nil {
			return nil, e
		}
		a.PublicAccess = &in
		done.Status = http.StatusCreated
		return done, nil
	case "DeletePublicAccessBlock":
		a.PublicAccess = nil
		done.Status = http.StatusNoContent
		return done, nil
	}
	b := s.AccountPublicAccess(a.ID)
	if b == nil {
		return nil, &wire.Error{
			Status: 404, Code: "NoSuchPublicAccessBlockConfiguration",
			Message: "The public access block configuration was not found",
			Detail:  map[string]string{"AccountId": a.ID},
		}
	}
	var body wire.Builder
	body.WriteString(xml.Header)
	body.Open("PublicAccessBlockConfiguration", namespace)
	body.Write("BlockPublicAcls", b.BlockACLs)
	body.Write("IgnorePublicAcls", b.IgnoreACLs)
	body.Write("BlockPublicPolicy", b.BlockPolicy)
	body.Write("RestrictPublicBuckets", b.Restrict)
	body.Close("PublicAccessBlockConfiguration")
	done.Header.Set("Content-Type", "application/xml")
	done.Body = body.Bytes()
	return done, nil
}

// Fail is an error of S3 Control: S3's, wrapped in ErrorResponse.
func Fail(c *service.Call, e *wire.Error) *wire.Response {
	var b wire.Builder
	b.WriteString(xml.Header)
	b.Open("ErrorResponse", namespace)
	inner := wire.Object{"Code": e.Code, "Message": e.Message}
	for k, v := range e.Detail {
		inner[k] = v
	}
	b.Write("Error", inner)
	b.Write("RequestId", c.ID)
	b.Write("HostId", c.ID)
	b.Close("ErrorResponse")
	return &wire.Response{Status: e.Status, Body: b.Bytes(), Header: http.Header{
		"Content-Type": {"application/xml"}, "X-Amz-Request-Id": {c.ID},
	}}
}
