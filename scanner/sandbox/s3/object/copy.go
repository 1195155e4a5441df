package object

import (
	"net/http"
	"net/url"
	"strings"

	"crosscheck/scanner/sandbox/s3/checksum"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/wire"
)

// copyObject makes a new version out of an existing one, in this bucket or another.
func copyObject(c *request.Request) (*wire.Response, *wire.Error) {
	source, e := copySource(c)
	if e != nil {
		return nil, e
	}
	from, e := findVersion(source, "s3:GetObject")
	if e != nil {
		return nil, e
	}
	keyMD5, e := customerKey(c.HTTP.Header, "X-Amz-Copy-Source-")
	switch {
	case e != nil:
		return nil, e
	case keyMD5 != from.SSE.KeyMD5 && keyMD5 == "":
		return nil, wire.InvalidRequest(
			"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
		)
	case keyMD5 != from.SSE.KeyMD5:
		return nil, wire.AccessDenied()
	case from.Archived():
		return nil, &wire.Error{
			Status: 403, Code: "InvalidObjectState", Message: "Operation is not valid for the source object's storage class",
			Detail: map[string]string{"StorageClass": from.StorageClass},
		}
	}
	if from.SSE.Key != "" {
		if e := source.UseKey(from.SSE.Key, "Decrypt", encryptionContext(source, from)); e != nil {
			return nil, e
		}
	}
	conditions := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if text := c.HTTP.Header.Get("X-Amz-Copy-Source-" + name); text != "" {
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
	replaceMetadata := c.HTTP.Header.Get("X-Amz-Metadata-Directive") == "REPLACE"
	if !replaceMetadata {
		v.Header, v.Metadata = from.Header, from.Metadata
	}
	if c.HTTP.Header.Get("X-Amz-Tagging-Directive") != "REPLACE" {
		if len(from.Tags) > 0 {
			if e := source.AllowObject(tagAction(source), source.Key, from); e != nil {
				return nil, e
			}
			v.Tags = from.Tags
			if e := authorizeWrite(c, "s3:PutObjectTagging", v); e != nil {
				return nil, e
			}
		}
	}
	current := c.Bucket.Current(c.Key)
	if from == current && !replaceMetadata && v.StorageClass == from.StorageClass && v.SSE == from.SSE {
		return nil, wire.InvalidRequest(
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
		)
	}
	if e := writeConditions(c, v.Key); e != nil {
		return nil, e
	}
	v.Body = from.Body
	c.Digest = checksum.Sum("MD5", v.Body)
	algorithm := from.Checksum.Algorithm
	if given := c.HTTP.Header.Get("X-Amz-Checksum-Algorithm"); given != "" {
		algorithm = given
	}
	if checksum.Algorithms[algorithm] == nil {
		return nil, wire.NotImplemented("the checksum algorithm " + algorithm)
	}
	v.Checksum = checksum.Of(algorithm, v.Body)
	if _, e := storeVersion(c, v); e != nil {
		return nil, e
	}
	var out struct {
		LastModified, ETag string
		checksumXML
	}
	out.LastModified, out.ETag, out.checksumXML = wire.ISOTime(v.Modified), `"`+v.ETag+`"`, checksumElements(v.Checksum)
	res, e := wire.AnswerXML("CopyObjectResult", out)
	if e == nil {
		setVersionID(c, res.Header, v)
		setEncryption(v.SSE, res.Header)
		if source.Bucket.Versioning != "" {
			res.Header.Set("X-Amz-Copy-Source-Version-Id", from.ID)
		}
	}
	return res, e
}

// copySource is the call that reads the source of a copy.
func copySource(c *request.Request) (*request.Request, *wire.Error) {
	text := c.HTTP.Header.Get("X-Amz-Copy-Source")
	path, query, _ := strings.Cut(text, "?")
	decoded, err := url.PathUnescape(path)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	values, queryErr := url.ParseQuery(query)
	if err != nil || queryErr != nil || !ok || key == "" {
		return nil, wire.InvalidArgument(
			"Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
			"x-amz-copy-source", text,
		)
	}
	source := c.Of(bucket, key, values)
	if source.Bucket == nil {
		return nil, request.NoSuchBucket(bucket)
	}
	return source, request.ExpectOwner(c.HTTP, "X-Amz-Source-Expected-Bucket-Owner", source.Bucket)
}

func tagAction(c *request.Request) string {
	if c.Query.Has("versionId") {
		return "s3:GetObjectVersionTagging"
	}
	return "s3:GetObjectTagging"
}
