package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

// listOperations are those that list the content of a bucket.
var listOperations = map[s3route]*s3operation{
	{"GET", bucketLevel, ""}:          {"ListObjects", "", listObjects},
	{"GET", bucketLevel, "list-type"}: {"ListObjectsV2", "", listObjects},
	{"GET", bucketLevel, "versions"}:  {"ListObjectVersions", "", listVersions},
	{"GET", bucketLevel, "uploads"}:   {"ListMultipartUploads", "s3:ListBucketMultipartUploads", listUploads},
}

type prefixXML struct {
	Prefix string `xml:"Prefix"`
}

// group is the common prefix that a key falls under, "" where it stands for itself.
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
// marker; a marker that is a common prefix stands for all keys under it.
func keysAfter(b *bucket, marker, prefix, delimiter string) int {
	i, found := slices.BinarySearch(b.keys, max(marker, prefix))
	if marker >= prefix && found {
		i++
	}
	if delimiter != "" && strings.HasPrefix(marker, prefix) && marker != prefix && group(marker, prefix, delimiter) == marker {
		i += keysUnder(b, marker, i)
	}
	return i
}

// keysUnder counts the keys from index i on that begin with a prefix.
func keysUnder(b *bucket, prefix string, i int) int {
	n, _ := slices.BinarySearchFunc(b.keys[i:], prefix, func(key, prefix string) int {
		if strings.HasPrefix(key, prefix) {
			return -1
		}
		return strings.Compare(key, prefix)
	})
	return n
}

// encoder is how keys are written: as they are, or URL-encoded on request, which
// the SDKs ask for because XML cannot hold every key.
func keyEncoder(c *s3call, kind *string) (func(string) string, *apiError) {
	switch *kind = c.query.Get("encoding-type"); *kind {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, nil
	}
	return nil, invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", *kind)
}

type ownerXML struct{ ID string }
