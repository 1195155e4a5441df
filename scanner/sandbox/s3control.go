package sandbox

import (
	"encoding/xml"
	"net/http"
	"strings"
)

const s3ControlNamespace = "http://awss3control.amazonaws.com/doc/2018-08-20/"

// routeS3Control knows the account-level public access block.
func routeS3Control(_ *Sandbox, c *call) *apiError {
	c.account = c.r.Header.Get("X-Amz-Account-Id")
	if c.account == "" {
		if host, _, ok := strings.Cut(c.r.Host, "."); ok && accountID.MatchString(host) {
			c.account = host
		}
	}
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[c.r.Method]
	if c.r.URL.Path != s3ControlPath+"configuration/publicAccessBlock" || verb == "" {
		c.op = "s3control:Unknown"
		return notImplemented("s3control " + c.r.Method + " " + c.r.URL.Path)
	}
	c.op = "s3control:" + verb + "PublicAccessBlock"
	return nil
}

// handleS3Control answers S3 Control.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html
func handleS3Control(s *Sandbox, c *call) (*response, *apiError) {
	if !accountID.MatchString(c.account) {
		return nil, &apiError{status: 400, code: "InvalidRequest", message: "AccountId must be a valid 12-digit account id"}
	}
	action := "s3:GetAccountPublicAccessBlock"
	if c.operation() != "GetPublicAccessBlock" {
		action = "s3:PutAccountPublicAccessBlock"
	}
	if c.account != c.caller.account {
		return nil, denied(c.service, "Access Denied")
	}
	if e := s.authorize(c, authRequest{action: action, resource: "*", account: c.account}); e != nil {
		return nil, e
	}
	a := s.accounts[c.account]
	done := &response{status: http.StatusOK, header: http.Header{"X-Amz-Request-Id": {c.id}}}
	switch c.operation() {
	case "PutPublicAccessBlock":
		var in publicAccessXML
		if e := strictXML(c.body, "PublicAccessBlockConfiguration", &in); e != nil {
			return nil, e
		}
		on := func(b *bool) bool { return b != nil && *b }
		a.publicAccess = &publicAccessBlock{
			blockACLs: on(in.BlockPublicAcls), ignoreACLs: on(in.IgnorePublicAcls),
			blockPolicy: on(in.BlockPublicPolicy), restrict: on(in.RestrictPublicBuckets),
		}
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
	body.write("BlockPublicAcls", b.blockACLs)
	body.write("IgnorePublicAcls", b.ignoreACLs)
	body.write("BlockPublicPolicy", b.blockPolicy)
	body.write("RestrictPublicBuckets", b.restrict)
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

// failUnknownService answers for a service that the sandbox does not have, in
// the form that the request was made in.
func failUnknownService(c *call, e *apiError) *response {
	switch {
	case c.r.Header.Get("X-Amz-Target") != "":
		return failJSON(c, e)
	case strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return failQuery(c, e)
	}
	return failS3Control(c, e)
}
