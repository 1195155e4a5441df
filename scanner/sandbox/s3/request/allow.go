package request

import (
	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Allow decides an action of the caller on the bucket, or on the account where
// the request names none.
func (c *Request) Allow(action, resource string, extra map[string]contextkey.Value) *wire.Error {
	context := c.Context()
	for k, v := range extra {
		context[k] = v
	}
	if c.Bucket == nil {
		if c.Caller == nil {
			return wire.AccessDenied()
		}
		return c.Authorize(c.State, state.Question{Action: action, Resource: resource, Account: c.Caller.Account, Context: context})
	}
	return c.Authorize(c.State, c.State.BucketQuestion(c.Bucket, action, resource, context))
}

// AllowObject decides an action of the caller on an object; v is the version, or
// nil where there is none (yet).
//
// An object of another account than the bucket's is governed by its ACL too: its
// owner may read it wherever it lies, and the bucket's owner only if the ACL says so.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
func (c *Request) AllowObject(action, key string, v *state.Version) *wire.Error {
	if e := c.Payer(); e != nil {
		return e
	}
	context := c.Context()
	if v != nil {
		state.AddTags(context, "s3:existingobjecttag/", v.Tags)
	}
	req := c.State.BucketQuestion(c.Bucket, action, c.ObjectARN(key), context)
	e := c.Authorize(c.State, req)
	withoutACL := v == nil || v.Marker || v.Owner == c.Bucket.Account || c.Bucket.Ownership == state.BucketOwnerEnforced
	if withoutACL || !aclActions[action] || c.Caller == nil {
		return e
	}
	switch {
	case e == nil && c.Caller.Account == c.Bucket.Account && !v.GrantsBucketOwner(action):
		return wire.AccessDenied()
	case e != nil && c.Caller.Account == v.Owner:
		who := c.Caller
		if c.State.Decide(who, req).Reason == "explicit_deny" {
			return e
		}
		req.Account, req.Policy, req.RestrictPublic = v.Owner, "", false // as on a resource of its own
		return c.Authorize(c.State, req)
	}
	return e
}

// aclActions are the actions that an ACL grants with READ, READ_ACP and WRITE_ACP.
var aclActions = map[string]bool{
	"s3:GetObject": true, "s3:GetObjectVersion": true, "s3:GetObjectAcl": true, "s3:GetObjectVersionAcl": true,
	"s3:PutObjectAcl": true, "s3:PutObjectVersionAcl": true,
}

// Can reports whether the caller may do something that a request does not fail
// for: it only shows less. Such questions are not counted as actions asked for.
func (c *Request) Can(action, key string, v *state.Version) bool {
	who := c.Caller
	if who == nil {
		who = service.Anonymous
	}
	context := c.Context()
	if v != nil {
		state.AddTags(context, "s3:existingobjecttag/", v.Tags)
	}
	resource := c.BucketARN()
	if key != "" {
		resource = c.ObjectARN(key)
	}
	return c.State.Decide(who, c.State.BucketQuestion(c.Bucket, action, resource, context)).Result == iam.Allowed
}

// Payer refuses callers of other accounts that do not offer to pay.
func (c *Request) Payer() *wire.Error {
	if c.Bucket.RequestPayment == "Requester" && c.Foreign() && c.HTTP.Header.Get("X-Amz-Request-Payer") != "requester" {
		return wire.AccessDenied()
	}
	return nil
}

// UseKey does a cryptographic operation for the caller, with the errors of S3.
func (c *Request) UseKey(arn, operation, object string) *wire.Error {
	k := c.State.Keys[arn]
	switch {
	case k == nil:
		return &wire.Error{Status: 400, Code: "KMS.NotFoundException", Message: "Key '" + arn + "' does not exist"}
	case k.State == "Disabled":
		return &wire.Error{Status: 400, Code: "KMS.DisabledException", Message: arn + " is disabled."}
	case k.State != "Enabled":
		return &wire.Error{Status: 400, Code: "KMS.KMSInvalidStateException", Message: arn + " is " + k.State + "."}
	case c.Caller == nil:
		return wire.AccessDenied()
	}
	req := c.State.KeyQuestion(c.Caller, k, operation, object)
	req.Context["aws:viaawsservice"] = contextkey.One("true")
	req.Context["aws:calledvia"] = contextkey.Many("s3.amazonaws.com")
	req.Context["aws:calledviafirst"] = contextkey.One("s3.amazonaws.com")
	req.Context["aws:calledvialast"] = contextkey.One("s3.amazonaws.com")
	return c.Authorize(c.State, req)
}

// Context is the S3 condition keys of a request.
func (c *Request) Context() map[string]contextkey.Value {
	keys := map[string]contextkey.Value{"s3:tlsversion": contextkey.One("1.3")}
	for header, key := range requestKeys {
		if value := c.HTTP.Header.Get(header); value != "" {
			keys[key] = contextkey.One(value)
		}
	}
	for parameter, key := range map[string]string{
		"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys", "versionId": "s3:versionid",
	} {
		if c.Query.Has(parameter) {
			keys[key] = contextkey.One(c.Query.Get(parameter))
		}
	}
	switch {
	case c.Query.Has("X-Amz-Credential"):
		keys["s3:authtype"], keys["s3:signatureversion"] = contextkey.One("REST-QUERY-STRING"), contextkey.One("AWS4-HMAC-SHA256")
	case c.Caller != nil:
		keys["s3:authtype"], keys["s3:signatureversion"] = contextkey.One("REST-HEADER"), contextkey.One("AWS4-HMAC-SHA256")
	}
	return keys
}

// requestKeys are the condition keys that have the value of a header of a request.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
var requestKeys = map[string]string{
	"X-Amz-Acl":                                       "s3:x-amz-acl",
	"X-Amz-Grant-Full-Control":                        "s3:x-amz-grant-full-control",
	"X-Amz-Grant-Read":                                "s3:x-amz-grant-read",
	"X-Amz-Grant-Read-Acp":                            "s3:x-amz-grant-read-acp",
	"X-Amz-Grant-Write":                               "s3:x-amz-grant-write",
	"X-Amz-Grant-Write-Acp":                           "s3:x-amz-grant-write-acp",
	"X-Amz-Copy-Source":                               "s3:x-amz-copy-source",
	"X-Amz-Metadata-Directive":                        "s3:x-amz-metadata-directive",
	"X-Amz-Storage-Class":                             "s3:x-amz-storage-class",
	"X-Amz-Server-Side-Encryption":                    "s3:x-amz-server-side-encryption",
	"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "s3:x-amz-server-side-encryption-aws-kms-key-id",
	"X-Amz-Server-Side-Encryption-Customer-Algorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
	"X-Amz-Website-Redirect-Location":                 "s3:x-amz-website-redirect-location",
	"X-Amz-Object-Lock-Mode":                          "s3:object-lock-mode",
	"X-Amz-Object-Lock-Retain-Until-Date":             "s3:object-lock-retain-until-date",
	"X-Amz-Object-Lock-Legal-Hold":                    "s3:object-lock-legal-hold",
	"X-Amz-Object-Ownership":                          "s3:x-amz-object-ownership",
	"X-Amz-Content-Sha256":                            "s3:x-amz-content-sha256",
	"If-Match":                                        "s3:if-match",
	"If-None-Match":                                   "s3:if-none-match",
}
