package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// copyObject makes a new version out of an existing one, in this bucket or another.
func copyObject(c *s3call) (*response, *apiError) {
	source, e := copySource(c)
	if e != nil {
		return nil, e
	}
	from, e := findVersion(source, "s3:GetObject")
	if e != nil {
		return nil, e
	}
	keyMD5, e := customerKey(c.r.Header, "X-Amz-Copy-Source-")
	switch {
	case e != nil:
		return nil, e
	case keyMD5 != from.sse.keyMD5 && keyMD5 == "":
		return nil, invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	case keyMD5 != from.sse.keyMD5:
		return nil, accessDenied()
	case from.archived():
		return nil, &apiError{status: 403, code: "InvalidObjectState", message: "Operation is not valid for the source object's storage class", detail: map[string]string{"StorageClass": from.storageClass}}
	}
	if from.sse.key != "" {
		if e := source.useKey(from.sse.key, "Decrypt", encryptionContext(source, from)); e != nil {
			return nil, e
		}
	}
	conditions := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if text := c.r.Header.Get("X-Amz-Copy-Source-" + name); text != "" {
			conditions.Set(name, text)
		}
	}
	if e := readConditions(conditions, from, nil); e != nil {
		return nil, preconditionFailed("x-amz-copy-source-If-*")
	}
	v, e := newVersion(c)
	if e != nil {
		return nil, e
	}
	replaceMetadata := c.r.Header.Get("X-Amz-Metadata-Directive") == "REPLACE"
	if !replaceMetadata {
		v.header, v.metadata = from.header, from.metadata
	}
	if c.r.Header.Get("X-Amz-Tagging-Directive") != "REPLACE" {
		if len(from.tags) > 0 {
			if e := source.allowObject(tagAction(source), source.key, from); e != nil {
				return nil, e
			}
			v.tags = from.tags
			if e := authorizeWrite(c, "s3:PutObjectTagging", v); e != nil {
				return nil, e
			}
		}
	}
	current := c.b.current(c.key)
	if from == current && !replaceMetadata && v.storageClass == from.storageClass && v.sse == from.sse {
		return nil, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if e := writeConditions(c, v.key); e != nil {
		return nil, e
	}
	v.body = from.body
	c.digest = sum("MD5", v.body)
	algorithm := from.checksum.algorithm
	if given := c.r.Header.Get("X-Amz-Checksum-Algorithm"); given != "" {
		algorithm = given
	}
	if checksumAlgorithms[algorithm] == nil {
		return nil, notImplemented("the checksum algorithm " + algorithm)
	}
	v.checksum = checksumOf(algorithm, v.body)
	if _, e := storeVersion(c, v); e != nil {
		return nil, e
	}
	var out struct {
		LastModified, ETag string
		checksumXML
	}
	out.LastModified, out.ETag, out.checksumXML = isoTime(v.modified), `"`+v.etag+`"`, checksumElements(v.checksum)
	res, e := xmlAnswer("CopyObjectResult", out)
	if e == nil {
		setVersionID(c, res.header, v)
		setEncryption(v.sse, res.header)
		if source.b.versioning != "" {
			res.header.Set("X-Amz-Copy-Source-Version-Id", from.id)
		}
	}
	return res, e
}

// copySource is the call that reads the source of a copy.
func copySource(c *s3call) (*s3call, *apiError) {
	text := c.r.Header.Get("X-Amz-Copy-Source")
	path, query, _ := strings.Cut(text, "?")
	decoded, err := url.PathUnescape(path)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	values, queryErr := url.ParseQuery(query)
	if err != nil || queryErr != nil || !ok || key == "" {
		return nil, invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source", text)
	}
	source := c.of(bucket, key, values)
	if source.b == nil {
		return nil, noSuchBucket(bucket)
	}
	return source, expectOwner(c.r, "X-Amz-Source-Expected-Bucket-Owner", source.b)
}

func tagAction(c *s3call) string {
	if c.query.Has("versionId") {
		return "s3:GetObjectVersionTagging"
	}
	return "s3:GetObjectTagging"
}
