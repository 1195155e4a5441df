package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"
)

// listObjects answers ListObjects and ListObjectsV2.
func listObjects(c *s3call) (*response, *apiError) {
	if e := c.allow("s3:ListBucket", c.bucketARN(), nil); e != nil {
		return nil, e
	}
	v2 := c.query.Has("list-type")
	if v2 && c.query.Get("list-type") != "2" {
		return nil, invalidArgument("Invalid List Type specified in Request", "list-type", c.query.Get("list-type"))
	}
	most, e := c.intParameter("max-keys", 1000)
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
	encode, e := keyEncoder(c, &out.EncodingType)
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
	for i := keysAfter(c.b, after, prefix, delimiter); i < len(c.b.keys); {
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
			next := i + keysUnder(c.b, under, i)
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
