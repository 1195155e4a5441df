package object

import (
	"net/http"
	"time"

	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func deleteObject(c *request.Request) (*wire.Response, *wire.Error) {
	id, named := c.Query.Get("versionId"), c.Query.Has("versionId")
	if named && id == "" {
		return nil, wire.InvalidArgument("Version id cannot be the empty string", "versionId", "")
	}
	if match := c.HTTP.Header.Get("If-Match"); match != "" && !named {
		v := c.Bucket.Current(c.Key)
		if v == nil || v.Marker {
			return nil, noSuchKey(c.Key)
		}
		if !matches(match, v.ETag) {
			return nil, preconditionFailed("If-Match")
		}
	}
	d, e := deleteVersion(c, c.Key, id)
	if e != nil {
		return nil, e
	}
	h := http.Header{}
	if d.marker {
		h.Set("X-Amz-Delete-Marker", "true")
	}
	if d.id != "" {
		h.Set("X-Amz-Version-Id", d.id)
	}
	return &wire.Response{Status: 204, Header: h}, nil
}

// deletion is what a delete did.
type deletion struct {
	id     string // version deleted or marker made; "" in a bucket without versions
	marker bool   // a marker was made or deleted
}

// delete deletes a version, or without an id puts a delete marker on a key.
// Deleting what is not there succeeds.
func deleteVersion(c *request.Request, key, id string) (deletion, *wire.Error) {
	if id == "" {
		if e := c.AllowObject("s3:DeleteObject", key, c.Bucket.Current(key)); e != nil {
			return deletion{}, e
		}
		if c.Bucket.Versioning == "" {
			if v := c.Bucket.Version(key, "null"); v != nil {
				c.Bucket.Remove(v)
			}
			return deletion{}, nil
		}
		m := &state.Version{Key: key, Owner: c.Bucket.Account, Marker: true}
		c.State.Store(c.Bucket, m)
		replicate.New(c.State, c.Bucket, m)
		return deletion{m.ID, true}, nil
	}
	v := c.Bucket.Version(key, id)
	if e := c.AllowObject("s3:DeleteObjectVersion", key, v); e != nil {
		return deletion{}, e
	}
	if _, ok := state.VersionSeq(id); !ok && id != "null" {
		return deletion{}, wire.InvalidArgument("Invalid version id specified", "versionId", id)
	}
	if c.Bucket.MFADelete == state.Enabled {
		return deletion{}, wire.AccessDenied() // the sandbox has no MFA device
	}
	if v == nil {
		return deletion{id: id}, nil
	}
	if e := checkLock(c, v); e != nil {
		return deletion{}, e
	}
	c.Bucket.Remove(v)
	return deletion{id, v.Marker}, nil
}

// checkLock refuses to delete a version under legal hold or retention.
func checkLock(c *request.Request, v *state.Version) *wire.Error {
	if v.LegalHold == "ON" || v.EventHold {
		return &wire.Error{
			Status: 403, Code: "AccessDenied",
			Message: "Access Denied because object protected by object lock.",
		}
	}
	if v.Retention == nil || !v.Retention.Until.After(time.Now()) {
		return nil
	}
	if v.Retention.Mode == "GOVERNANCE" && c.HTTP.Header.Get("X-Amz-Bypass-Governance-Retention") == "true" {
		return c.AllowObject("s3:BypassGovernanceRetention", v.Key, v)
	}
	return &wire.Error{
		Status: 403, Code: "AccessDenied",
		Message: "Access Denied because object protected by object lock.",
	}
}

func deleteObjects(c *request.Request) (*wire.Response, *wire.Error) {
	type objectXML struct {
		Key       string `xml:"Key"`
		VersionID string `xml:"VersionId"`
		ETag      string `xml:"ETag"`
		Modified  string `xml:"LastModifiedTime"`
		Size      string `xml:"Size"`
	}
	var in struct {
		Objects []objectXML `xml:"Object"`
		Quiet   bool        `xml:"Quiet"`
	}
	if e := c.Read("Delete", &in); e != nil {
		return nil, e
	}
	if c.Given.Value == "" && c.HTTP.Header.Get("Content-Md5") == "" {
		return nil, wire.InvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	if len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return nil, wire.MalformedXML()
	}
	type deletedXML struct {
		Key             string
		VersionID       string `xml:"VersionId,omitempty"`
		DeleteMarker    bool   `xml:",omitempty"`
		MarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
	}
	type errorXML struct {
		Key       string
		VersionID string `xml:"VersionId,omitempty"`
		Code      string
		Message   string
	}
	var out struct {
		Deleted []deletedXML
		Errors  []errorXML `xml:"Error"`
	}
	for _, o := range in.Objects {
		if o.ETag != "" || o.Modified != "" || o.Size != "" {
			return nil, wire.NotImplemented("conditions on the objects of DeleteObjects")
		}
		d, e := deleteVersion(c, o.Key, o.VersionID)
		switch {
		case e != nil:
			out.Errors = append(out.Errors, errorXML{o.Key, o.VersionID, e.Code, e.Message})
		case in.Quiet:
		case d.marker:
			out.Deleted = append(out.Deleted, deletedXML{o.Key, o.VersionID, true, d.id})
		default:
			out.Deleted = append(out.Deleted, deletedXML{Key: o.Key, VersionID: o.VersionID})
		}
	}
	return wire.AnswerXML("DeleteResult", out)
}
