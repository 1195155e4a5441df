package sandbox

import (
	"crosscheck/rules/iam"
)

// allow decides an action of the caller on the bucket, or on the account where
// the request names none.
func (c *s3call) allow(action, resource string, extra map[string]iam.Value) *apiError {
	context := c.context()
	for k, v := range extra {
		context[k] = v
	}
	if c.b == nil {
		if c.caller == nil {
			return accessDenied()
		}
		return c.authorize(c.s, question{action: action, resource: resource, account: c.caller.account, context: context})
	}
	return c.authorize(c.s, c.s.bucketRequest(c.b, action, resource, context))
}

// allowObject decides an action of the caller on an object; v is the version, or
// nil where there is none (yet).
//
// An object of another account than the bucket's is governed by its ACL too: its
// owner may read it wherever it lies, and the bucket's owner only if the ACL says so.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
func (c *s3call) allowObject(action, key string, v *version) *apiError {
	if e := c.payer(); e != nil {
		return e
	}
	context := c.context()
	if v != nil {
		withTags(context, "s3:existingobjecttag/", v.tags)
	}
	req := c.s.bucketRequest(c.b, action, c.objectARN(key), context)
	e := c.authorize(c.s, req)
	if v == nil || v.marker || v.owner == c.b.account || c.b.ownership == bucketOwnerEnforced || !aclActions[action] || c.caller == nil {
		return e
	}
	switch {
	case e == nil && c.caller.account == c.b.account && !v.grantsBucketOwner(action):
		return accessDenied()
	case e != nil && c.caller.account == v.owner:
		who := c.caller
		if c.s.decide(who, req).Reason == "explicit_deny" {
			return e
		}
		req.account, req.policy, req.restrictPublic = v.owner, "", false // as on a resource of its own
		return c.authorize(c.s, req)
	}
	return e
}

// aclActions are the actions that an ACL grants with READ, READ_ACP and WRITE_ACP.
var aclActions = map[string]bool{
	"s3:GetObject": true, "s3:GetObjectVersion": true, "s3:GetObjectAcl": true, "s3:GetObjectVersionAcl": true,
	"s3:PutObjectAcl": true, "s3:PutObjectVersionAcl": true,
}

// can reports whether the caller may do something that a request does not fail
// for: it only shows less. Such questions are not counted as actions asked for.
func (c *s3call) can(action, key string, v *version) bool {
	who := c.caller
	if who == nil {
		who = anonymous
	}
	context := c.context()
	if v != nil {
		withTags(context, "s3:existingobjecttag/", v.tags)
	}
	resource := c.bucketARN()
	if key != "" {
		resource = c.objectARN(key)
	}
	return c.s.decide(who, c.s.bucketRequest(c.b, action, resource, context)).Result == iam.Allowed
}

// payer refuses callers of other accounts that do not offer to pay.
func (c *s3call) payer() *apiError {
	if c.b.requestPayment == "Requester" && c.foreign() && c.r.Header.Get("X-Amz-Request-Payer") != "requester" {
		return accessDenied()
	}
	return nil
}

// useKey does a cryptographic operation for the caller, as S3's errors tell it.
func (c *s3call) useKey(arn, operation, object string) *apiError {
	k := c.s.keys[arn]
	switch {
	case k == nil:
		return &apiError{status: 400, code: "KMS.NotFoundException", message: "Key '" + arn + "' does not exist"}
	case k.state == "Disabled":
		return &apiError{status: 400, code: "KMS.DisabledException", message: arn + " is disabled."}
	case k.state != "Enabled":
		return &apiError{status: 400, code: "KMS.KMSInvalidStateException", message: arn + " is " + k.state + "."}
	case c.caller == nil:
		return accessDenied()
	}
	req := c.s.keyRequest(c.caller, k, operation, object)
	req.context["aws:viaawsservice"] = iam.One("true")
	req.context["aws:calledvia"] = iam.Many("s3.amazonaws.com")
	req.context["aws:calledviafirst"] = iam.One("s3.amazonaws.com")
	req.context["aws:calledvialast"] = iam.One("s3.amazonaws.com")
	return c.authorize(c.s, req)
}

// context is the S3 condition keys of a request.
func (c *s3call) context() map[string]iam.Value {
	keys := map[string]iam.Value{"s3:tlsversion": iam.One("1.3")}
	for header, key := range requestKeys {
		if value := c.r.Header.Get(header); value != "" {
			keys[key] = iam.One(value)
		}
	}
	for parameter, key := range map[string]string{
		"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys", "versionId": "s3:versionid",
	} {
		if c.query.Has(parameter) {
			keys[key] = iam.One(c.query.Get(parameter))
		}
	}
	switch {
	case c.query.Has("X-Amz-Credential"):
		keys["s3:authtype"], keys["s3:signatureversion"] = iam.One("REST-QUERY-STRING"), iam.One("AWS4-HMAC-SHA256")
	case c.caller != nil:
		keys["s3:authtype"], keys["s3:signatureversion"] = iam.One("REST-HEADER"), iam.One("AWS4-HMAC-SHA256")
	}
	return keys
}

// requestKeys are the condition keys that hold a header of a request.
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
