// Package object is the S3 operations on objects: their versions, bytes, tags, locks
// and multipart uploads.
package object

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Operations are those of objects.
var Operations = request.Table{
	request.OnBucket("POST", "delete"):     {Name: "DeleteObjects", Run: deleteObjects},
	request.OnObject("GET", ""):            {Name: "GetObject", Run: getObject},
	request.OnObject("HEAD", ""):           {Name: "HeadObject", Run: getObject},
	request.OnObject("PUT", ""):            {Name: "PutObject", Run: putObject},
	request.OnObject("PUT", request.Copy):  {Name: "CopyObject", Run: copyObject},
	request.OnObject("DELETE", ""):         {Name: "DeleteObject", Run: deleteObject},
	request.OnObject("GET", "attributes"):  {Name: "GetObjectAttributes", Run: getAttributes},
	request.OnObject("GET", "acl"):         {Name: "GetObjectAcl", Run: getObjectACL},
	request.OnObject("GET", "tagging"):     {Name: "GetObjectTagging", Run: getObjectTagging},
	request.OnObject("PUT", "tagging"):     {Name: "PutObjectTagging", Run: putObjectTagging},
	request.OnObject("DELETE", "tagging"):  {Name: "DeleteObjectTagging", Run: deleteObjectTagging},
	request.OnObject("GET", "retention"):   {Name: "GetObjectRetention", Run: getRetention},
	request.OnObject("PUT", "retention"):   {Name: "PutObjectRetention", Run: putRetention},
	request.OnObject("GET", "legal-hold"):  {Name: "GetObjectLegalHold", Run: getLegalHold},
	request.OnObject("PUT", "legal-hold"):  {Name: "PutObjectLegalHold", Run: putLegalHold},
	request.OnObject("POST", "uploads"):    {Name: "CreateMultipartUpload", Run: createUpload},
	request.OnObject("PUT", "uploadId"):    {Name: "UploadPart", Run: uploadPart},
	request.OnObject("POST", "uploadId"):   {Name: "CompleteMultipartUpload", Run: completeUpload},
	request.OnObject("DELETE", "uploadId"): {Name: "AbortMultipartUpload", Run: abortUpload},
	request.OnObject("GET", "uploadId"):    {Name: "ListParts", Run: listParts},
}

// find is the version that a request is about, authorized for reading with
// action, or action with Version in its name where the request names a version:
// s3:GetObject becomes s3:GetObjectVersion.
func findVersion(c *request.Request, action string) (*state.Version, *wire.Error) {
	if c.Query.Has("versionId") {
		id := c.Query.Get("versionId")
		if id == "" {
			return nil, wire.InvalidArgument("Version id cannot be the empty string", "versionId", "")
		}
		v := c.Bucket.Version(c.Key, id)
		if v != nil && v.Marker {
			// Known even to those who may not read versions.
			return nil, &wire.Error{
				Status: 405, Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource.",
				Header: http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {id}, "Last-Modified": {wire.HTTPTime(v.Modified)}, "Allow": {"DELETE"}},
				Detail: map[string]string{"Method": c.HTTP.Method, "ResourceType": "DeleteMarker"},
			}
		}
		if e := c.AllowObject(versionAction(action), c.Key, v); e != nil {
			return nil, e
		}
		if v == nil {
			if _, ok := state.VersionSeq(id); !ok && id != "null" {
				return nil, wire.InvalidArgument("Invalid version id specified", "versionId", id)
			}
			return nil, &wire.Error{
				Status: 404, Code: "NoSuchVersion", Message: "The specified version does not exist.",
				Detail: map[string]string{"Key": c.Key, "VersionId": id},
			}
		}
		return v, nil
	}
	v := c.Bucket.Current(c.Key)
	if e := c.AllowObject(action, c.Key, v); e != nil {
		return nil, e
	}
	if v == nil || v.Marker {
		if !c.Can("s3:ListBucket", "", nil) {
			return nil, wire.AccessDenied() // who may not list does not learn what is not there
		}
		e := noSuchKey(c.Key)
		if v != nil {
			e.Header = http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {v.ID}}
		}
		return nil, e
	}
	return v, nil
}

// versionAction is the action on a version that belongs to an action on the
// current object. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func versionAction(action string) string {
	switch action {
	case "s3:GetObjectRetention", "s3:GetObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectLegalHold":
		return action // one action for both
	}
	return strings.Replace(action, "Object", "ObjectVersion", 1)
}

// identify sets the version id of an answer; a bucket that never had versioning
// does not show ids.
func setVersionID(c *request.Request, h http.Header, v *state.Version) {
	if c.Bucket.Versioning != "" {
		h.Set("X-Amz-Version-Id", v.ID)
	}
}

// withVersion is an XML answer about a version.
func xmlAnswerOf(c *request.Request, root string, out any, v *state.Version) (*wire.Response, *wire.Error) {
	res, e := wire.AnswerXML(root, out)
	if e == nil {
		setVersionID(c, res.Header, v)
	}
	return res, e
}

func setEncryption(e state.ObjectEncryption, h http.Header) {
	switch {
	case e.KeyMD5 != "":
		h.Set("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256")
		h.Set("X-Amz-Server-Side-Encryption-Customer-Key-Md5", e.KeyMD5)
	case e.Key != "":
		h.Set("X-Amz-Server-Side-Encryption", e.Algorithm)
		h.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", e.Key)
		if e.BucketKey {
			h.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
		}
	default:
		h.Set("X-Amz-Server-Side-Encryption", e.Algorithm)
	}
}

// customerKey is the MD5 of an SSE-C key in a request's headers, "" without one.
func customerKey(h http.Header, prefix string) (string, *wire.Error) {
	prefix += "Server-Side-Encryption-Customer-"
	algorithm, key, sum := h.Get(prefix+"Algorithm"), h.Get(prefix+"Key"), h.Get(prefix+"Key-Md5")
	if algorithm == "" && key == "" && sum == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	got := md5.Sum(raw)
	if algorithm != "AES256" || err != nil || len(raw) != 32 || base64.StdEncoding.EncodeToString(got[:]) != sum {
		return "", wire.InvalidArgument(
			"Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
			"x-amz-server-side-encryption", "null",
		)
	}
	return sum, nil
}

// matches reports whether an ETag is in a list as If-Match has it.
func matches(list, etag string) bool {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.Trim(strings.TrimPrefix(item, "W/"), `"`) == etag {
			return true
		}
	}
	return false
}

func preconditionFailed(condition string) *wire.Error {
	return &wire.Error{
		Status: 412, Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold",
		Detail: map[string]string{"Condition": condition},
	}
}

func noSuchKey(key string) *wire.Error {
	return &wire.Error{
		Status: 404, Code: "NoSuchKey", Message: "The specified key does not exist.",
		Detail: map[string]string{"Key": key},
	}
}

// checksumXML is a checksum in a body: one element, named after the algorithm.
type checksumXML struct {
	CRC32     string `xml:"ChecksumCRC32,omitempty"`
	CRC32C    string `xml:"ChecksumCRC32C,omitempty"`
	CRC64NVME string `xml:"ChecksumCRC64NVME,omitempty"`
	SHA1      string `xml:"ChecksumSHA1,omitempty"`
	SHA256    string `xml:"ChecksumSHA256,omitempty"`
	SHA512    string `xml:"ChecksumSHA512,omitempty"`
	MD5       string `xml:"ChecksumMD5,omitempty"`
	Type      string `xml:"ChecksumType,omitempty"`
}

func checksumElements(c checksum.Checksum) checksumXML {
	x := checksumXML{Type: c.Kind}
	if field := x.field(c.Algorithm); field != nil {
		*field = c.Value
	}
	return x
}

func (x *checksumXML) field(algorithm string) *string {
	switch algorithm {
	case "CRC32":
		return &x.CRC32
	case "CRC32C":
		return &x.CRC32C
	case "CRC64NVME":
		return &x.CRC64NVME
	case "SHA1":
		return &x.SHA1
	case "SHA256":
		return &x.SHA256
	case "SHA512":
		return &x.SHA512
	case "MD5":
		return &x.MD5
	}
	return nil
}
