package sandbox

import (
	"slices"
	"strings"
)

func listUploads(c *s3call) (*response, *apiError) {
	most, e := c.intParameter("max-uploads", 1000)
	if e != nil {
		return nil, e
	}
	if c.query.Get("delimiter") != "" {
		return nil, notImplemented("ListMultipartUploads with a delimiter")
	}
	type uploadXML struct {
		Key          string
		UploadID     string `xml:"UploadId"`
		InitiatorID  string `xml:"Initiator>ID"`
		OwnerID      string `xml:"Owner>ID"`
		StorageClass string
		Initiated    string
	}
	var out struct {
		Bucket             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string
		NextUploadIDMarker string `xml:"NextUploadIdMarker"`
		MaxUploads         int
		IsTruncated        bool
		Prefix             string
		EncodingType       string      `xml:",omitempty"`
		Uploads            []uploadXML `xml:"Upload"`
	}
	encode, e := keyEncoder(c, &out.EncodingType)
	if e != nil {
		return nil, e
	}
	key, id, prefix := c.query.Get("key-marker"), c.query.Get("upload-id-marker"), c.query.Get("prefix")
	out.Bucket, out.KeyMarker, out.UploadIDMarker, out.MaxUploads, out.Prefix = c.bucket, encode(key), id, most, encode(prefix)
	var all []*upload
	for _, u := range c.b.uploads {
		if strings.HasPrefix(u.version.key, prefix) && (u.version.key > key || u.version.key == key && id != "" && u.id > id) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b *upload) int {
		if n := strings.Compare(a.version.key, b.version.key); n != 0 {
			return n
		}
		return strings.Compare(a.id, b.id)
	})
	for _, u := range all {
		if len(out.Uploads) == most {
			out.IsTruncated = true
			break
		}
		owner := c.s.canonicalID(u.version.owner)
		out.Uploads = append(out.Uploads, uploadXML{encode(u.version.key), u.id, owner, owner, u.version.class(), isoTime(u.initiated)})
		out.NextKeyMarker, out.NextUploadIDMarker = encode(u.version.key), u.id
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return xmlAnswer("ListMultipartUploadsResult", out)
}
