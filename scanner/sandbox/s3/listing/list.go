// Package listing is the S3 operations that list what is in a bucket: objects,
// versions and multipart uploads, in pages.
package listing

import (
	"net/url"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// Operations are those that list the content of a bucket.
var Operations = request.Table{
	request.OnBucket("GET", ""):          {Name: "ListObjects", Run: listObjects},
	request.OnBucket("GET", "list-type"): {Name: "ListObjectsV2", Run: listObjects},
	request.OnBucket("GET", "versions"):  {Name: "ListObjectVersions", Run: listVersions},
	request.OnBucket("GET", "uploads"):   {Name: "ListMultipartUploads", Action: "s3:ListBucketMultipartUploads", Run: listUploads},
}

type prefixXML struct {
	Prefix string `xml:"Prefix"`
}

// group is the common prefix that a key falls under, "" where it is listed itself.
func group(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)]
	}
	return ""
}

// keysAfter is the index of the first key with the prefix that comes after a
// marker; a marker that is a common prefix covers all keys under it.
func keysAfter(b *state.Bucket, marker, prefix, delimiter string) int {
	i, found := slices.BinarySearch(b.Keys, max(marker, prefix))
	if marker >= prefix && found {
		i++
	}
	if delimiter != "" && strings.HasPrefix(marker, prefix) && marker != prefix && group(marker, prefix, delimiter) == marker {
		i += keysUnder(b, marker, i)
	}
	return i
}

// keysUnder counts the keys from index i on that begin with a prefix.
func keysUnder(b *state.Bucket, prefix string, i int) int {
	n, _ := slices.BinarySearchFunc(b.Keys[i:], prefix, func(key, prefix string) int {
		if strings.HasPrefix(key, prefix) {
			return -1
		}
		return strings.Compare(key, prefix)
	})
	return n
}

// encoder is how keys are written: as they are, or URL-encoded on request, which
// the SDKs ask for because XML cannot hold every key.
func keyEncoder(c *request.Request, kind *string) (func(string) string, *wire.Error) {
	switch *kind = c.Query.Get("encoding-type"); *kind {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, nil
	}
	return nil, wire.InvalidArgument("Invalid Encoding Method specified in Request", "encoding-type", *kind)
}

type ownerXML struct{ ID string }
