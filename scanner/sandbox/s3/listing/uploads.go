package listing

import (
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func listUploads(c *request.Request) (*wire.Response, *wire.Error) {
	most, e := c.IntParameter("max-uploads", 1000)
	if e != nil {
		return nil, e
	}
	if c.Query.Get("delimiter") != "" {
		return nil, wire.NotImplemented("ListMultipartUploads with a delimiter")
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
	key, id, prefix := c.Query.Get("key-marker"), c.Query.Get("upload-id-marker"), c.Query.Get("prefix")
	out.Bucket, out.KeyMarker, out.UploadIDMarker, out.MaxUploads, out.Prefix = c.BucketName, encode(key), id, most, encode(prefix)
	var all []*state.Upload
	for _, u := range c.Bucket.Uploads {
		if strings.HasPrefix(u.Version.Key, prefix) && (u.Version.Key > key || u.Version.Key == key && id != "" && u.ID > id) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b *state.Upload) int {
		if n := strings.Compare(a.Version.Key, b.Version.Key); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, u := range all {
		if len(out.Uploads) == most {
			out.IsTruncated = true
			break
		}
		owner := c.State.CanonicalID(u.Version.Owner)
		out.Uploads = append(out.Uploads, uploadXML{encode(u.Version.Key), u.ID, owner, owner, u.Version.Class(), wire.ISOTime(u.Initiated)})
		out.NextKeyMarker, out.NextUploadIDMarker = encode(u.Version.Key), u.ID
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return wire.AnswerXML("ListMultipartUploadsResult", out)
}
