package listing

import (
	"encoding/base64"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/wire"
)

// listObjects answers ListObjects and ListObjectsV2.
func listObjects(c *request.Request) (*wire.Response, *wire.Error) {
	if e := c.Allow("s3:ListBucket", c.BucketARN(), nil); e != nil {
		return nil, e
	}
	v2 := c.Query.Has("list-type")
	if v2 && c.Query.Get("list-type") != "2" {
		return nil, wire.InvalidArgument(
			"Invalid List Type specified in Request",
			"list-type", c.Query.Get("list-type"),
		)
	}
	most, e := c.IntParameter("max-keys", 1000)
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
	prefix, delimiter := c.Query.Get("prefix"), c.Query.Get("delimiter")
	out.Name, out.Prefix, out.Delimiter, out.MaxKeys = c.BucketName, encode(prefix), encode(delimiter), most
	after := c.Query.Get("marker")
	if v2 {
		after = c.Query.Get("start-after")
		out.StartAfter, out.ContinuationToken = encode(after), c.Query.Get("continuation-token")
		if out.ContinuationToken != "" {
			raw, err := base64.URLEncoding.DecodeString(out.ContinuationToken)
			if err != nil || len(raw) == 0 {
				return nil, wire.InvalidArgument(
					"The continuation token provided is incorrect",
					"continuation-token", out.ContinuationToken,
				)
			}
			after = string(raw)
		}
	} else {
		marker := encode(after)
		out.Marker = &marker
	}

	count, last := 0, ""
	for i := keysAfter(c.Bucket, after, prefix, delimiter); i < len(c.Bucket.Keys); {
		key := c.Bucket.Keys[i]
		if !strings.HasPrefix(key, prefix) {
			break
		}
		under := group(key, prefix, delimiter)
		current := c.Bucket.Current(key)
		if under == "" && current.Marker {
			i++
			continue
		}
		if under != "" {
			// One entry for all keys under the prefix, if any of them is there.
			next := i + keysUnder(c.Bucket, under, i)
			if !slices.ContainsFunc(c.Bucket.Keys[i:next], func(k string) bool { return !c.Bucket.Current(k).Marker }) {
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
			Key: encode(key), LastModified: wire.ISOTime(current.Modified), ETag: `"` + current.ETag + `"`,
			ChecksumAlgorithm: []string{current.Checksum.Algorithm}, ChecksumType: current.Checksum.Kind,
			Size: len(current.Body), StorageClass: current.Class(),
		}
		if !v2 || c.Query.Get("fetch-owner") == "true" {
			x.Owner = &ownerXML{c.State.CanonicalID(current.Owner)}
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
	res, e := wire.AnswerXML("ListBucketResult", out)
	if e == nil {
		res.Header.Set("X-Amz-Bucket-Region", c.Bucket.Region)
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
