package sandbox

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// count is an integer parameter; limits are capped at 1000 as S3 caps them.
func (c *s3call) count(name string, otherwise int) (int, *apiError) {
	text := c.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, invalidArgument("Argument "+name+" must be an integer between 0 and 2147483647", name, text)
	}
	if strings.HasPrefix(name, "max-") {
		n = min(n, 1000)
	}
	return n, nil
}

// encoder is how keys are written: as they are, or URL-encoded on request, which
// the SDKs ask for because XML cannot hold every key.
func (c *s3call) encoder(kind *string) (func(string) string, *apiError) {
	switch *kind = c.query.Get("encoding-type"); *kind {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, nil
	}
	return nil, invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", *kind)
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

type objectXML struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm []string `xml:",omitempty"`
	ChecksumType      string   `xml:",omitempty"`
	Size              int
	StorageClass      string
	Owner             *ownerXML `xml:",omitempty"`
}

type ownerXML struct{ ID string }

// listObjects answers ListObjects and ListObjectsV2.
func (c *s3call) listObjects() (*response, *apiError) {
	if e := c.allow("s3:ListBucket", c.bucketARN(), nil); e != nil {
		return nil, e
	}
	v2 := c.query.Has("list-type")
	if v2 && c.query.Get("list-type") != "2" {
		return nil, invalidArgument("Invalid List Type specified in Request", "list-type", c.query.Get("list-type"))
	}
	most, e := c.count("max-keys", 1000)
	if e != nil {
		return nil, e
	}
	var out struct {
		Name                  string
		Prefix                string
		Marker                *string `xml:",omitempty"`
		NextMarker            string  `xml:",omitempty"`
		StartAfter            string  `xml:",omitempty"`
		ContinuationToken     string  `xml:",omitempty"`
		NextContinuationToken string  `xml:",omitempty"`
		KeyCount              *int    `xml:",omitempty"`
		MaxKeys               int
		Delimiter             string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		IsTruncated           bool
		Contents              []objectXML
		CommonPrefixes        []prefixXML
	}
	encode, e := c.encoder(&out.EncodingType)
	if e != nil {
		return nil, e
	}
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	out.Name, out.Prefix, out.Delimiter, out.MaxKeys = c.bucket, encode(prefix), encode(delimiter), most
	after := c.query.Get("marker")
	if v2 {
		after = c.query.Get("start-after")
		out.StartAfter, out.ContinuationToken = encode(after), c.query.Get("continuation-token")
		if out.ContinuationToken != "" {
			raw, err := base64.URLEncoding.DecodeString(out.ContinuationToken)
			if err != nil || len(raw) == 0 {
				return nil, invalidArgument("The continuation token provided is incorrect", "continuation-token", out.ContinuationToken)
			}
			after = string(raw)
		}
	} else {
		marker := encode(after)
		out.Marker = &marker
	}

	count, last := 0, ""
	for i := c.b.keysAfter(after, prefix, delimiter); i < len(c.b.keys); {
		key := c.b.keys[i]
		if !strings.HasPrefix(key, prefix) {
			break
		}
		under := group(key, prefix, delimiter)
		current := c.b.current(key)
		if under == "" && current.marker {
			i++
			continue
		}
		if under != "" {
			// One entry for all keys under the prefix, if any of them is there.
			next := i + c.b.keysUnder(under, i)
			if !slices.ContainsFunc(c.b.keys[i:next], func(k string) bool { return !c.b.current(k).marker }) {
				i = next
				continue
			}
			if out.IsTruncated = count == most; out.IsTruncated {
				break
			}
			out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{encode(under)})
			count, last, i = count+1, under, next
			continue
		}
		if out.IsTruncated = count == most; out.IsTruncated {
			break
		}
		x := objectXML{
			Key: encode(key), LastModified: isoTime(current.modified), ETag: `"` + current.etag + `"`,
			ChecksumAlgorithm: []string{current.checksum.algorithm}, ChecksumType: current.checksum.kind,
			Size: len(current.body), StorageClass: current.class(),
		}
		if !v2 || c.query.Get("fetch-owner") == "true" {
			x.Owner = &ownerXML{c.s.canonicalID(current.owner)}
		}
		out.Contents = append(out.Contents, x)
		count, last, i = count+1, key, i+1
	}
	switch {
	case most == 0:
		out.IsTruncated = false
	case out.IsTruncated && v2:
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(last))
	case out.IsTruncated && delimiter != "":
		out.NextMarker = encode(last)
	}
	if v2 {
		out.KeyCount = &count
	}
	res, e := xmlAnswer("ListBucketResult", out)
	if e == nil {
		res.header.Set("X-Amz-Bucket-Region", c.b.region)
	}
	return res, e
}

// keysAfter is the index of the first key with the prefix that comes after a
// marker; a marker that is a common prefix stands for all keys under it.
func (b *bucket) keysAfter(marker, prefix, delimiter string) int {
	i, found := slices.BinarySearch(b.keys, max(marker, prefix))
	if marker >= prefix && found {
		i++
	}
	if delimiter != "" && strings.HasPrefix(marker, prefix) && marker != prefix && group(marker, prefix, delimiter) == marker {
		i += b.keysUnder(marker, i)
	}
	return i
}

// keysUnder counts the keys from index i on that begin with a prefix.
func (b *bucket) keysUnder(prefix string, i int) int {
	n, _ := slices.BinarySearchFunc(b.keys[i:], prefix, func(key, prefix string) int {
		if strings.HasPrefix(key, prefix) {
			return -1
		}
		return strings.Compare(key, prefix)
	})
	return n
}

// listVersions answers ListObjectVersions: keys in order, the versions of a key
// newest first.
func (c *s3call) listVersions() (*response, *apiError) {
	if e := c.allow("s3:ListBucketVersions", c.bucketARN(), nil); e != nil {
		return nil, e
	}
	most, e := c.count("max-keys", 1000)
	if e != nil {
		return nil, e
	}
	var out versionsXML
	encode, e := c.encoder(&out.EncodingType)
	if e != nil {
		return nil, e
	}
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	marker, idMarker := c.query.Get("key-marker"), c.query.Get("version-id-marker")
	if idMarker != "" && marker == "" {
		return nil, invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", idMarker)
	}
	out.Name, out.Prefix, out.Delimiter, out.MaxKeys = c.bucket, encode(prefix), encode(delimiter), most
	out.KeyMarker, out.VersionIDMarker = encode(marker), idMarker

	// The first key to look at, and of it the versions older than the marker.
	i, older := c.b.keysAfter(marker, prefix, delimiter), uint64(0)
	if idMarker != "" {
		var known bool
		if older, known = versionSeq(idMarker); !known {
			if idMarker != "null" {
				return nil, invalidArgument("Invalid version id specified", "version-id-marker", idMarker)
			}
			// Where the null version is gone, its place is unknown: list the key again
			// rather than leave versions out.
			if v := c.b.version(marker, "null"); v != nil {
				older = v.seq
			}
		}
		if at, found := slices.BinarySearch(c.b.keys, marker); found && strings.HasPrefix(marker, prefix) {
			i = at
		}
	}
	count, lastKey, lastID := 0, "", ""
keys:
	for i < len(c.b.keys) {
		key := c.b.keys[i]
		if !strings.HasPrefix(key, prefix) {
			break
		}
		if under := group(key, prefix, delimiter); under != "" {
			if out.IsTruncated = count == most; out.IsTruncated {
				break
			}
			out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{encode(under)})
			count, lastKey, lastID = count+1, under, ""
			i += c.b.keysUnder(under, i)
			continue
		}
		for n, v := range c.b.objects[key].versions {
			if idMarker != "" && key == marker && older != 0 && v.seq >= older {
				continue
			}
			if out.IsTruncated = count == most; out.IsTruncated {
				break keys
			}
			out.add(encode(key), v, n == 0, c.s.canonicalID(v.owner))
			count, lastKey, lastID = count+1, key, v.id
		}
		i++
	}
	if most == 0 {
		out.IsTruncated = false
	}
	if out.IsTruncated {
		out.NextKeyMarker, out.NextVersionIDMarker = encode(lastKey), lastID
	}
	return xmlAnswer("ListVersionsResult", out)
}

// versionsXML keeps versions and delete markers in one list, in the order of the
// listing.
type versionsXML struct {
	Name                string
	Prefix              string
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	Delimiter           string `xml:",omitempty"`
	EncodingType        string `xml:",omitempty"`
	IsTruncated         bool
	Entries             []versionXML
	CommonPrefixes      []prefixXML
}

// versionXML is a <Version> or, without what only objects have, a <DeleteMarker>.
type versionXML struct {
	XMLName           xml.Name
	ETag              string   `xml:",omitempty"`
	ChecksumAlgorithm []string `xml:",omitempty"`
	ChecksumType      string   `xml:",omitempty"`
	Size              *int     `xml:",omitempty"`
	StorageClass      string   `xml:",omitempty"`
	Key               string
	VersionID         string `xml:"VersionId"`
	IsLatest          bool
	LastModified      string
	Owner             ownerXML
}

func (x *versionsXML) add(key string, v *version, latest bool, owner string) {
	entry := versionXML{
		XMLName: xml.Name{Local: "DeleteMarker"},
		Key:     key, VersionID: v.id, IsLatest: latest, LastModified: isoTime(v.modified), Owner: ownerXML{owner},
	}
	if !v.marker {
		size := len(v.body)
		entry.XMLName.Local = "Version"
		entry.ETag, entry.Size, entry.StorageClass = `"`+v.etag+`"`, &size, v.class()
		entry.ChecksumAlgorithm, entry.ChecksumType = []string{v.checksum.algorithm}, v.checksum.kind
	}
	x.Entries = append(x.Entries, entry)
}
