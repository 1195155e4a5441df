package sandbox

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// s3ControlService answers S3 Control: the account-level public access block.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html
var s3ControlService = &service{name: "s3control", errors: restErrors(), route: routeS3Control, fail: failS3Control}

const s3ControlNamespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

// s3ControlPath begins the path of every S3 Control operation.
const s3ControlPath = "/v20180820/"

func routeS3Control(s *State, c *call) (operation, *apiError) {
	c.account = c.r.Header.Get("X-Amz-Account-Id")
	if c.account == "" {
		if host, _, ok := strings.Cut(c.r.Host, "."); ok && isAccountID(host) {
			c.account = host
		}
	}
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[c.r.Method]
	if c.r.URL.Path != s3ControlPath+"configuration/publicAccessBlock" || verb == "" {
		c.op = "s3control:Unknown"
		return operation{}, notImplemented("s3control " + c.r.Method + " " + c.r.URL.Path)
	}
	c.op = "s3control:" + verb + "PublicAccessBlock"
	return operation{run: func() (*response, *apiError) { return accountPublicAccess(s, c) }}, nil
}

// accountPublicAccess reads, sets or deletes the public access block of an account.
func accountPublicAccess(s *State, c *call) (*response, *apiError) {
	if !isAccountID(c.account) {
		return nil, &apiError{status: 400, code: "InvalidRequest", message: "AccountId must be a valid 12-digit account id"}
	}
	action := "s3:GetAccountPublicAccessBlock"
	if c.operation() != "GetPublicAccessBlock" {
		action = "s3:PutAccountPublicAccessBlock"
	}
	if c.account != c.caller.account {
		return nil, c.denied("Access Denied")
	}
	if e := c.authorize(s, question{action: action, resource: "*", account: c.account}); e != nil {
		return nil, e
	}
	a := s.accounts[c.account]
	done := &response{status: http.StatusOK, header: http.Header{"X-Amz-Request-Id": {c.id}}}
	switch c.operation() {
	case "PutPublicAccessBlock":
		var in publicAccessBlock
		if e := strictXML(c.body, "PublicAccessBlockConfiguration", &in); e != nil {
			return nil, e
		}
		a.publicAccess = &in
		done.status = http.StatusCreated
		return done, nil
	case "DeletePublicAccessBlock":
		a.publicAccess = nil
		done.status = http.StatusNoContent
		return done, nil
	}
	b := a.publicAccess
	if b == nil {
		return nil, &apiError{
			status: 404, code: "NoSuchPublicAccessBlockConfiguration",
			message: "The public access block configuration was not found",
			detail:  map[string]string{"AccountId": a.id},
		}
	}
	var body xmlBuilder
	body.WriteString(xml.Header)
	body.open("PublicAccessBlockConfiguration", s3ControlNamespace)
	body.write("BlockPublicAcls", b.BlockACLs)
	body.write("IgnorePublicAcls", b.IgnoreACLs)
	body.write("BlockPublicPolicy", b.BlockPolicy)
	body.write("RestrictPublicBuckets", b.Restrict)
	body.close("PublicAccessBlockConfiguration")
	done.header.Set("Content-Type", "application/xml")
	done.body = body.Bytes()
	return done, nil
}

// failS3Control is an error of S3 Control: S3's, wrapped in ErrorResponse.
func failS3Control(c *call, e *apiError) *response {
	var b xmlBuilder
	b.WriteString(xml.Header)
	b.open("ErrorResponse", s3ControlNamespace)
	inner := object{"Code": e.code, "Message": e.message}
	for k, v := range e.detail {
		inner[k] = v
	}
	b.write("Error", inner)
	b.write("RequestId", c.id)
	b.write("HostId", c.id)
	b.close("ErrorResponse")
	return &response{status: e.status, body: b.Bytes(), header: http.Header{
		"Content-Type": {"application/xml"}, "X-Amz-Request-Id": {c.id},
	}}
}
