package sandbox

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"strings"
)

// objectOperations are those of objects.
var objectOperations = map[s3route]*s3operation{
	{"POST", bucketLevel, "delete"}:     {"DeleteObjects", "", deleteObjects},
	{"GET", objectLevel, ""}:            {"GetObject", "", getObject},
	{"HEAD", objectLevel, ""}:           {"HeadObject", "", getObject},
	{"PUT", objectLevel, ""}:            {"PutObject", "", putObject},
	{"PUT", objectLevel, "copy"}:        {"CopyObject", "", copyObject},
	{"DELETE", objectLevel, ""}:         {"DeleteObject", "", deleteObject},
	{"GET", objectLevel, "attributes"}:  {"GetObjectAttributes", "", getAttributes},
	{"GET", objectLevel, "acl"}:         {"GetObjectAcl", "", getObjectACL},
	{"GET", objectLevel, "tagging"}:     {"GetObjectTagging", "", getObjectTagging},
	{"PUT", objectLevel, "tagging"}:     {"PutObjectTagging", "", putObjectTagging},
	{"DELETE", objectLevel, "tagging"}:  {"DeleteObjectTagging", "", deleteObjectTagging},
	{"GET", objectLevel, "retention"}:   {"GetObjectRetention", "", getRetention},
	{"PUT", objectLevel, "retention"}:   {"PutObjectRetention", "", putRetention},
	{"GET", objectLevel, "legal-hold"}:  {"GetObjectLegalHold", "", getLegalHold},
	{"PUT", objectLevel, "legal-hold"}:  {"PutObjectLegalHold", "", putLegalHold},
	{"POST", objectLevel, "uploads"}:    {"CreateMultipartUpload", "", createUpload},
	{"PUT", objectLevel, "uploadId"}:    {"UploadPart", "", uploadPart},
	{"POST", objectLevel, "uploadId"}:   {"CompleteMultipartUpload", "", completeUpload},
	{"DELETE", objectLevel, "uploadId"}: {"AbortMultipartUpload", "", abortUpload},
	{"GET", objectLevel, "uploadId"}:    {"ListParts", "", listParts},
}

// find is the version that a request is about, authorized for reading with
// action, or action with Version in its name where the request names a version:
// s3:GetObject becomes s3:GetObjectVersion.
func findVersion(c *s3call, action string) (*version, *apiError) {
	if c.query.Has("versionId") {
		id := c.query.Get("versionId")
		if id == "" {
			return nil, invalidArgument("Version id cannot be the empty string", "versionId", "")
		}
		v := c.b.version(c.key, id)
		if v != nil && v.marker {
			// Known even to those who may not read versions.
			return nil, &apiError{
				status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource.",
				header: http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {id}, "Last-Modified": {httpTime(v.modified)}, "Allow": {"DELETE"}},
				detail: map[string]string{"Method": c.r.Method, "ResourceType": "DeleteMarker"},
			}
		}
		if e := c.allowObject(versionAction(action), c.key, v); e != nil {
			return nil, e
		}
		if v == nil {
			if _, ok := versionSeq(id); !ok && id != "null" {
				return nil, invalidArgument("Invalid version id specified", "versionId", id)
			}
			return nil, &apiError{
				status: 404, code: "NoSuchVersion", message: "The specified version does not exist.",
				detail: map[string]string{"Key": c.key, "VersionId": id},
			}
		}
		return v, nil
	}
	v := c.b.current(c.key)
	if e := c.allowObject(action, c.key, v); e != nil {
		return nil, e
	}
	if v == nil || v.marker {
		if !c.can("s3:ListBucket", "", nil) {
			return nil, accessDenied() // who may not list does not learn what is not there
		}
		e := noSuchKey(c.key)
		if v != nil {
			e.header = http.Header{"X-Amz-Delete-Marker": {"true"}, "X-Amz-Version-Id": {v.id}}
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
// has none to tell.
func setVersionID(c *s3call, h http.Header, v *version) {
	if c.b.versioning != "" {
		h.Set("X-Amz-Version-Id", v.id)
	}
}

// withVersion is an XML answer about a version.
func xmlAnswerOf(c *s3call, root string, out any, v *version) (*response, *apiError) {
	res, e := xmlAnswer(root, out)
	if e == nil {
		setVersionID(c, res.header, v)
	}
	return res, e
}

func setEncryption(e objectEncryption, h http.Header) {
	switch {
	case e.keyMD5 != "":
		h.Set("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256")
		h.Set("X-Amz-Server-Side-Encryption-Customer-Key-Md5", e.keyMD5)
	case e.key != "":
		h.Set("X-Amz-Server-Side-Encryption", e.algorithm)
		h.Set("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", e.key)
		if e.bucketKey {
			h.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
		}
	default:
		h.Set("X-Amz-Server-Side-Encryption", e.algorithm)
	}
}

// customerKey is the MD5 of an SSE-C key in a request's headers, "" without one.
func customerKey(h http.Header, prefix string) (string, *apiError) {
	prefix += "Server-Side-Encryption-Customer-"
	algorithm, key, sum := h.Get(prefix+"Algorithm"), h.Get(prefix+"Key"), h.Get(prefix+"Key-Md5")
	if algorithm == "" && key == "" && sum == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	got := md5.Sum(raw)
	if algorithm != "AES256" || err != nil || len(raw) != 32 || base64.StdEncoding.EncodeToString(got[:]) != sum {
		return "", invalidArgument("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.", "x-amz-server-side-encryption", "null")
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

func preconditionFailed(condition string) *apiError {
	return &apiError{
		status: 412, code: "PreconditionFailed", message: "At least one of the pre-conditions you specified did not hold",
		detail: map[string]string{"Condition": condition},
	}
}

func noSuchKey(key string) *apiError {
	return &apiError{status: 404, code: "NoSuchKey", message: "The specified key does not exist.", detail: map[string]string{"Key": key}}
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

func checksumElements(c checksum) checksumXML {
	x := checksumXML{Type: c.kind}
	if field := x.field(c.algorithm); field != nil {
		*field = c.value
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
