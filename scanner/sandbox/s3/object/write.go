package object

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func putObject(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := newVersion(c)
	if e != nil {
		return nil, e
	}
	if v.Body, e = c.Payload(); e != nil {
		return nil, e
	}
	if len(v.Body) > maxObject {
		return nil, &wire.Error{
			Status: 400, Code: "EntityTooLarge",
			Message: "Your proposed upload exceeds the maximum allowed size",
		}
	}
	if e := writeConditions(c, v.Key); e != nil {
		return nil, e
	}
	v.Checksum = c.Given
	return storeVersion(c, v)
}

// write is the version that the headers of a write ask for, without its bytes.
// It authorizes everything that the headers ask in addition to the object itself.
func newVersion(c *request.Request) (*state.Version, *wire.Error) {
	h := c.HTTP.Header
	v := &state.Version{Key: c.Key, Owner: c.Bucket.Account}
	v.Header, v.Metadata = storedHeaders(c.HTTP)
	if len(c.Key) > 1024 {
		return nil, &wire.Error{Status: 400, Code: "KeyTooLongError", Message: "Your key is too long"}
	}
	if text := h.Get("X-Amz-Tagging"); text != "" {
		tags, err := url.ParseQuery(text)
		if err != nil {
			return nil, wire.InvalidArgument(
				"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
				"x-amz-tagging", text,
			)
		}
		flat := map[string]string{}
		for k, values := range tags {
			if len(values) > 1 {
				return nil, wire.InvalidArgument(
					"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
					"x-amz-tagging", text,
				)
			}
			flat[k] = values[0]
		}
		v.Tags = state.SortedTags(flat)
		if e := request.CheckTags(v.Tags, 10); e != nil {
			return nil, e
		}
	}
	if v.StorageClass = h.Get("X-Amz-Storage-Class"); v.StorageClass == "STANDARD" {
		v.StorageClass = ""
	} else if v.StorageClass != "" && !slices.Contains(state.ObjectClasses, v.StorageClass) {
		return nil, &wire.Error{
			Status: 400, Code: "InvalidStorageClass",
			Message: "The storage class you specified is not valid",
		}
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
	if v.Tags != nil {
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
	if v.LegalHold != "" {
		if e := authorizeWrite(c, "s3:PutObjectLegalHold", v); e != nil {
			return nil, e
		}
	}
	var e *wire.Error
	if v.SSE, e = chooseEncryption(c); e != nil {
		return nil, e
	}
	if v.SSE.Key != "" {
		context := c.ObjectARN(c.Key)
		if v.SSE.BucketKey {
			context = c.BucketARN()
		}
		if e := c.UseKey(v.SSE.Key, "GenerateDataKey", context); e != nil {
			return nil, e
		}
	}
	return v, nil
}

// authorizeWrite is allowObject with the condition keys of a request's tags.
func authorizeWrite(c *request.Request, action string, v *state.Version) *wire.Error {
	if e := c.Payer(); e != nil {
		return e
	}
	context := c.Context()
	state.AddTags(context, "s3:requestobjecttag/", v.Tags)
	if v.Tags != nil {
		var keys []string
		for _, t := range v.Tags {
			keys = append(keys, t.Key)
		}
		context["s3:requestobjecttagkeys"] = contextkey.Many(keys...)
	}
	return c.Authorize(c.State, c.State.BucketQuestion(c.Bucket, action, c.ObjectARN(v.Key), context))
}

// writeACL takes the canned ACL and decides who owns the object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
func takeACL(c *request.Request, v *state.Version) *wire.Error {
	v.ACL = c.HTTP.Header.Get("X-Amz-Acl")
	for name := range c.HTTP.Header {
		if strings.HasPrefix(name, "X-Amz-Grant-") {
			return wire.NotImplemented("ACL grants in headers")
		}
	}
	if c.Bucket.Ownership == state.BucketOwnerEnforced {
		if v.ACL != "" && v.ACL != "bucket-owner-full-control" {
			return &wire.Error{
				Status: 400, Code: "AccessControlListNotSupported",
				Message: "The bucket does not allow ACLs",
			}
		}
		return nil
	}
	if !slices.Contains([]string{"", "private", "bucket-owner-read", "bucket-owner-full-control"}, v.ACL) {
		return wire.NotImplemented("the canned ACL " + v.ACL)
	}
	given := c.Bucket.Ownership == state.BucketOwnerPreferred && v.ACL == "bucket-owner-full-control"
	if c.Caller != nil && !given {
		v.Owner = c.Caller.Account
	}
	return nil
}

// encryption is how a write is to be encrypted: as its headers say, else as the
// bucket's default says.
func chooseEncryption(c *request.Request) (state.ObjectEncryption, *wire.Error) {
	h := c.HTTP.Header
	algorithm := h.Get("X-Amz-Server-Side-Encryption")
	keyMD5, e := customerKey(h, "X-Amz-")
	if e != nil {
		return state.ObjectEncryption{}, e
	}
	if keyMD5 != "" {
		if algorithm != "" {
			return state.ObjectEncryption{}, wire.InvalidArgument(
				"Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
				"x-amz-server-side-encryption", algorithm,
			)
		}
		if slices.Contains(c.Bucket.Encryption.Blocked, "SSE-C") {
			return state.ObjectEncryption{}, wire.AccessDenied()
		}
		return state.ObjectEncryption{KeyMD5: keyMD5}, nil
	}
	text, bucketKey := h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"), c.Bucket.Encryption.BucketKey
	if given := h.Get("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"); given != "" {
		bucketKey = given == "true"
	}
	switch algorithm {
	case "":
		algorithm, text = c.Bucket.Encryption.Algorithm, c.Bucket.Encryption.Key
	case "AES256", "aws:kms", "aws:kms:dsse":
	default:
		return state.ObjectEncryption{}, wire.InvalidArgument(
			"The encryption method specified is not supported",
			"x-amz-server-side-encryption", algorithm,
		)
	}
	if algorithm == "AES256" {
		if h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "" {
			return state.ObjectEncryption{}, wire.InvalidArgument(
				"x-amz-server-side-encryption header is not valid for the key",
				"x-amz-server-side-encryption", algorithm,
			)
		}
		return state.ObjectEncryption{Algorithm: algorithm}, nil
	}
	if c.Caller == nil {
		return state.ObjectEncryption{}, wire.AccessDenied()
	}
	k := c.State.FindS3Key(text, c.Caller.Account, c.Bucket.Region)
	if k == nil {
		return state.ObjectEncryption{}, &wire.Error{
			Status: 400, Code: "KMS.NotFoundException",
			Message: "Invalid keyId '" + text + "'",
		}
	}
	if k.Region != c.Bucket.Region {
		return state.ObjectEncryption{}, &wire.Error{
			Status: 400, Code: "KMS.NotFoundException",
			Message: "Invalid arn " + k.Region,
		}
	}
	return state.ObjectEncryption{Algorithm: algorithm, Key: k.ARN, BucketKey: bucketKey && algorithm == "aws:kms"}, nil
}

// writeConditions judges If-Match and If-None-Match of a write.
func writeConditions(c *request.Request, key string) *wire.Error {
	current := c.Bucket.Current(key)
	exists := current != nil && !current.Marker
	none, match := c.HTTP.Header.Get("If-None-Match"), c.HTTP.Header.Get("If-Match")
	switch {
	case none != "" && none != "*":
		return wire.NotImplemented("If-None-Match with an ETag on a write")
	case none != "" && exists:
		return preconditionFailed("If-None-Match")
	case match != "" && !exists:
		return noSuchKey(key)
	case match != "" && !matches(match, current.ETag):
		return preconditionFailed("If-Match")
	}
	return nil
}

// stored stores a new version, starts its replication and answers its write.
func storeVersion(c *request.Request, v *state.Version) (*wire.Response, *wire.Error) {
	v.Seal(c.Digest)
	c.State.Store(c.Bucket, v)
	replicate.New(c.State, c.Bucket, v)
	h := http.Header{"Etag": {`"` + v.ETag + `"`}}
	setVersionID(c, h, v)
	setEncryption(v.SSE, h)
	v.Checksum.Set(h)
	return &wire.Response{Status: 200, Header: h}, nil
}

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
