package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crosscheck/rules/iam"
)

func putObject(c *s3call) (*response, *apiError) {
	v, e := newVersion(c)
	if e != nil {
		return nil, e
	}
	if v.body, e = c.payload(); e != nil {
		return nil, e
	}
	if len(v.body) > maxObject {
		return nil, &apiError{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size"}
	}
	if e := writeConditions(c, v.key); e != nil {
		return nil, e
	}
	v.checksum = c.given
	return storeVersion(c, v)
}

// write is the version that the headers of a write ask for, without its bytes.
// It authorizes everything that the headers ask beside the object itself.
func newVersion(c *s3call) (*version, *apiError) {
	h := c.r.Header
	v := &version{key: c.key, owner: c.b.account}
	v.header, v.metadata = storedHeaders(c.r)
	if len(c.key) > 1024 {
		return nil, &apiError{status: 400, code: "KeyTooLongError", message: "Your key is too long"}
	}
	if text := h.Get("X-Amz-Tagging"); text != "" {
		tags, err := url.ParseQuery(text)
		if err != nil {
			return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", text)
		}
		flat := map[string]string{}
		for k, values := range tags {
			if len(values) > 1 {
				return nil, invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", "x-amz-tagging", text)
			}
			flat[k] = values[0]
		}
		v.tags = sortedTags(flat)
		if e := checkTags(v.tags, 10); e != nil {
			return nil, e
		}
	}
	if v.storageClass = h.Get("X-Amz-Storage-Class"); v.storageClass == "STANDARD" {
		v.storageClass = ""
	} else if v.storageClass != "" && !slices.Contains(objectClasses, v.storageClass) {
		return nil, &apiError{status: 400, code: "InvalidStorageClass", message: "The storage class you specified is not valid"}
	}
	if e := takeACL(c, v); e != nil {
		return nil, e
	}
	if e := takeLock(c, v); e != nil {
		return nil, e
	}
	if e := authorizeWrite(c, "s3:PutObject", v); e != nil {
		return nil, e
	}
	if v.tags != nil {
		if e := authorizeWrite(c, "s3:PutObjectTagging", v); e != nil {
			return nil, e
		}
	}
	if h.Get("X-Amz-Acl") != "" {
		if e := authorizeWrite(c, "s3:PutObjectAcl", v); e != nil {
			return nil, e
		}
	}
	if h.Get("X-Amz-Object-Lock-Mode") != "" {
		if e := authorizeWrite(c, "s3:PutObjectRetention", v); e != nil {
			return nil, e
		}
	}
	if v.legalHold != "" {
		if e := authorizeWrite(c, "s3:PutObjectLegalHold", v); e != nil {
			return nil, e
		}
	}
	var e *apiError
	if v.sse, e = chooseEncryption(c); e != nil {
		return nil, e
	}
	if v.sse.key != "" {
		context := c.objectARN(c.key)
		if v.sse.bucketKey {
			context = c.bucketARN()
		}
		if e := c.useKey(v.sse.key, "GenerateDataKey", context); e != nil {
			return nil, e
		}
	}
	return v, nil
}

// authorizeWrite is allowObject with the condition keys of a request's tags.
func authorizeWrite(c *s3call, action string, v *version) *apiError {
	if e := c.payer(); e != nil {
		return e
	}
	context := c.context()
	withTags(context, "s3:requestobjecttag/", v.tags)
	if v.tags != nil {
		var keys []string
		for _, t := range v.tags {
			keys = append(keys, t.Key)
		}
		context["s3:requestobjecttagkeys"] = iam.Many(keys...)
	}
	return c.authorize(c.s, c.s.bucketRequest(c.b, action, c.objectARN(v.key), context))
}

// writeACL takes the canned ACL and decides who owns the object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
func takeACL(c *s3call, v *version) *apiError {
	v.acl = c.r.Header.Get("X-Amz-Acl")
	for name := range c.r.Header {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			return notImplemented("ACL grants in headers")
		}
	}
	if c.b.ownership == bucketOwnerEnforced {
		if v.acl != "" && v.acl != "bucket-owner-full-control" {
			return &apiError{status: 400, code: "AccessControlListNotSupported", message: "The bucket does not allow ACLs"}
		}
		return nil
	}
	if !slices.Contains([]string{"", "private", "bucket-owner-read", "bucket-owner-full-control"}, v.acl) {
		return notImplemented("the canned ACL " + v.acl)
	}
	given := c.b.ownership == bucketOwnerPreferred && v.acl == "bucket-owner-full-control"
	if c.caller != nil && !given {
		v.owner = c.caller.account
	}
	return nil
}

// encryption is how a write is to be encrypted: as its headers say, else as the
// bucket's default says.
func chooseEncryption(c *s3call) (objectEncryption, *apiError) {
	h := c.r.Header
	algorithm := h.Get("X-Amz-Server-Side-Encryption")
	keyMD5, e := customerKey(h, "X-Amz-")
	if e != nil {
		return objectEncryption{}, e
	}
	if keyMD5 != "" {
		if algorithm != "" {
			return objectEncryption{}, invalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified", "x-amz-server-side-encryption", algorithm)
		}
		if slices.Contains(c.b.encryption.Blocked, "SSE-C") {
			return objectEncryption{}, accessDenied()
		}
		return objectEncryption{keyMD5: keyMD5}, nil
	}
	text, bucketKey := h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"), c.b.encryption.BucketKey
	if given := h.Get("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"); given != "" {
		bucketKey = given == "true"
	}
	switch algorithm {
	case "":
		algorithm, text = c.b.encryption.Algorithm, c.b.encryption.Key
	case "AES256", "aws:kms", "aws:kms:dsse":
	default:
		return objectEncryption{}, invalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", algorithm)
	}
	if algorithm == "AES256" {
		if h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "" {
			return objectEncryption{}, invalidArgument("x-amz-server-side-encryption header is not valid for the key", "x-amz-server-side-encryption", algorithm)
		}
		return objectEncryption{algorithm: algorithm}, nil
	}
	if c.caller == nil {
		return objectEncryption{}, accessDenied()
	}
	k := c.s.s3key(text, c.caller.account, c.b.region)
	if k == nil {
		return objectEncryption{}, &apiError{status: 400, code: "KMS.NotFoundException", message: "Invalid keyId '" + text + "'"}
	}
	if k.region != c.b.region {
		return objectEncryption{}, &apiError{status: 400, code: "KMS.NotFoundException", message: "Invalid arn " + k.region}
	}
	return objectEncryption{algorithm: algorithm, key: k.arn, bucketKey: bucketKey && algorithm == "aws:kms"}, nil
}

// writeConditions judges If-Match and If-None-Match of a write.
func writeConditions(c *s3call, key string) *apiError {
	current := c.b.current(key)
	exists := current != nil && !current.marker
	none, match := c.r.Header.Get("If-None-Match"), c.r.Header.Get("If-Match")
	switch {
	case none != "" && none != "*":
		return notImplemented("If-None-Match with an ETag on a write")
	case none != "" && exists:
		return preconditionFailed("If-None-Match")
	case match != "" && !exists:
		return noSuchKey(key)
	case match != "" && !matches(match, current.etag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// stored stores a new version, starts its replication and answers its write.
func storeVersion(c *s3call, v *version) (*response, *apiError) {
	v.seal(c.digest)
	c.s.store(c.b, v)
	replicateNew(c.s, c.b, v)
	h := http.Header{"Etag": {`"` + v.etag + `"`}}
	setVersionID(c, h, v)
	setEncryption(v.sse, h)
	v.checksum.set(h)
	return &response{status: 200, header: h}, nil
}

// The object plane: versions, their bytes and what hangs on them.

const maxObject = 5 << 30 // of a single PUT

// contentHeaders are the headers that S3 stores with an object and returns.
var contentHeaders = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"}

// storedHeaders is what a write says about the content.
func storedHeaders(r *http.Request) (header, metadata map[string]string) {
	header, metadata = map[string]string{}, map[string]string{}
	for _, name := range contentHeaders {
		if value := r.Header.Get(name); value != "" {
			header[name] = value
		}
	}
	if coding, ok := header["Content-Encoding"]; ok {
		codings := slices.DeleteFunc(strings.Split(coding, ","), func(s string) bool { return strings.TrimSpace(s) == "aws-chunked" })
		if header["Content-Encoding"] = strings.TrimSpace(strings.Join(codings, ",")); header["Content-Encoding"] == "" {
			delete(header, "Content-Encoding")
		}
	}
	if header["Content-Type"] == "" {
		header["Content-Type"] = "binary/octet-stream"
	}
	for name, values := range r.Header {
		if key, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			metadata[strings.ToLower(key)] = strings.Join(values, ",")
		}
	}
	return header, metadata
}
