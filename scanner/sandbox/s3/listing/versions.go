package listing

import (
	"encoding/xml"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// listVersions answers ListObjectVersions: keys in order, the versions of a key
// newest first.
func listVersions(c *request.Request) (*wire.Response, *wire.Error) {
	if e := c.Allow("s3:ListBucketVersions", c.BucketARN(), nil); e != nil {
		return nil, e
	}
	most, e := c.IntParameter("max-keys", 1000)
	if e != nil {
		return nil, e
	}
	var out versionsXML
	encode, e := keyEncoder(c, &out.EncodingType)
	if e != nil {
		return nil, e
	}
	prefix, delimiter := c.Query.Get("prefix"), c.Query.Get("delimiter")
	marker, idMarker := c.Query.Get("key-marker"), c.Query.Get("version-id-marker")
	if idMarker != "" && marker == "" {
		return nil, wire.InvalidArgument(
			"A version-id marker cannot be specified without a key marker.",
			"version-id-marker", idMarker,
		)
	}
	out.Name, out.Prefix, out.Delimiter, out.MaxKeys = c.BucketName, encode(prefix), encode(delimiter), most
	out.KeyMarker, out.VersionIDMarker = encode(marker), idMarker

	// The first key to look at, of which only versions older than the marker are listed.
	i, older := keysAfter(c.Bucket, marker, prefix, delimiter), uint64(0)
	if idMarker != "" {
		var known bool
		if older, known = state.VersionSeq(idMarker); !known {
			if idMarker != "null" {
				return nil, wire.InvalidArgument("Invalid version id specified", "version-id-marker", idMarker)
			}
			// Where the null version is gone, its place is unknown: list the key again
			// rather than leave versions out.
			if v := c.Bucket.Version(marker, "null"); v != nil {
				older = v.Seq
			}
		}
		if at, found := slices.BinarySearch(c.Bucket.Keys, marker); found && strings.HasPrefix(marker, prefix) {
			i = at
		}
	}
	count, lastKey, lastID := 0, "", ""
keys:
	for i < len(c.Bucket.Keys) {
		key := c.Bucket.Keys[i]
		if !strings.HasPrefix(key, prefix) {
			break
		}
		if under := group(key, prefix, delimiter); under != "" {
			if out.IsTruncated = count == most; out.IsTruncated {
				break
			}
			out.CommonPrefixes = append(out.CommonPrefixes, prefixXML{encode(under)})
			count, lastKey, lastID = count+1, under, ""
			i += keysUnder(c.Bucket, under, i)
			continue
		}
		for n, v := range c.Bucket.Objects[key].Versions {
			if idMarker != "" && key == marker && older != 0 && v.Seq >= older {
				continue
			}
			if out.IsTruncated = count == most; out.IsTruncated {
				break keys
			}
			out.add(encode(key), v, n == 0, c.State.CanonicalID(v.Owner))
			count, lastKey, lastID = count+1, key, v.ID
		}
		i++
	}
	if most == 0 {
		out.IsTruncated = false
	}
	if out.IsTruncated {
		out.NextKeyMarker, out.NextVersionIDMarker = encode(lastKey), lastID
	}
	return wire.AnswerXML("ListVersionsResult", out)
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

func (x *versionsXML) add(key string, v *state.Version, latest bool, owner string) {
	entry := versionXML{
		XMLName: xml.Name{Local: "DeleteMarker"},
		Key:     key, VersionID: v.ID, IsLatest: latest, LastModified: wire.ISOTime(v.Modified), Owner: ownerXML{owner},
	}
	if !v.Marker {
		size := len(v.Body)
		entry.XMLName.Local = "Version"
		entry.ETag, entry.Size, entry.StorageClass = `"`+v.ETag+`"`, &size, v.Class()
		entry.ChecksumAlgorithm, entry.ChecksumType = []string{v.Checksum.Algorithm}, v.Checksum.Kind
	}
	x.Entries = append(x.Entries, entry)
}
