package sandbox

import (
	"encoding/xml"
	"slices"
	"strings"
)

// listVersions answers ListObjectVersions: keys in order, the versions of a key
// newest first.
func listVersions(c *s3call) (*response, *apiError) {
	if e := c.allow("s3:ListBucketVersions", c.bucketARN(), nil); e != nil {
		return nil, e
	}
	most, e := c.intParameter("max-keys", 1000)
	if e != nil {
		return nil, e
	}
	var out versionsXML
	encode, e := keyEncoder(c, &out.EncodingType)
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
	i, older := keysAfter(c.b, marker, prefix, delimiter), uint64(0)
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
			i += keysUnder(c.b, under, i)
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
