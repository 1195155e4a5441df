package sandbox

import (
	"net/http"
	"time"
)

func deleteObject(c *s3call) (*response, *apiError) {
	id, named := c.query.Get("versionId"), c.query.Has("versionId")
	if named && id == "" {
		return nil, invalidArgument("Version id cannot be the empty string", "versionId", "")
	}
	if match := c.r.Header.Get("If-Match"); match != "" && !named {
		v := c.b.current(c.key)
		if v == nil || v.marker {
			return nil, noSuchKey(c.key)
		}
		if !matches(match, v.etag) {
			return nil, preconditionFailed("If-Match")
		}
	}
	d, e := deleteVersion(c, c.key, id)
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
	return &response{status: 204, header: h}, nil
}

// deletion is what a delete did.
type deletion struct {
	id     string // version deleted or marker made; "" in a bucket without versions
	marker bool   // a marker was made or deleted
}

// delete deletes a version, or without an id puts a delete marker on a key.
// Deleting what is not there succeeds.
func deleteVersion(c *s3call, key, id string) (deletion, *apiError) {
	if id == "" {
		if e := c.allowObject("s3:DeleteObject", key, c.b.current(key)); e != nil {
			return deletion{}, e
		}
		if c.b.versioning == "" {
			if v := c.b.version(key, "null"); v != nil {
				c.b.remove(v)
			}
			return deletion{}, nil
		}
		m := &version{key: key, owner: c.b.account, marker: true}
		c.s.store(c.b, m)
		replicateNew(c.s, c.b, m)
		return deletion{m.id, true}, nil
	}
	v := c.b.version(key, id)
	if e := c.allowObject("s3:DeleteObjectVersion", key, v); e != nil {
		return deletion{}, e
	}
	if _, ok := versionSeq(id); !ok && id != "null" {
		return deletion{}, invalidArgument("Invalid version id specified", "versionId", id)
	}
	if c.b.mfaDelete == enabled {
		return deletion{}, accessDenied() // the sandbox has no MFA device
	}
	if v == nil {
		return deletion{id: id}, nil
	}
	if e := checkLock(c, v); e != nil {
		return deletion{}, e
	}
	c.b.remove(v)
	return deletion{id, v.marker}, nil
}

// locked refuses to take away a version under legal hold or retention.
func checkLock(c *s3call, v *version) *apiError {
	if v.legalHold == "ON" {
		return &apiError{status: 403, code: "AccessDenied", message: "Access Denied because object protected by object lock."}
	}
	if v.retention == nil || !v.retention.until.After(time.Now()) {
		return nil
	}
	if v.retention.mode == "GOVERNANCE" && c.r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true" {
		return c.allowObject("s3:BypassGovernanceRetention", v.key, v)
	}
	return &apiError{status: 403, code: "AccessDenied", message: "Access Denied because object protected by object lock."}
}

func deleteObjects(c *s3call) (*response, *apiError) {
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
	if e := c.read("Delete", &in); e != nil {
		return nil, e
	}
	if c.given.value == "" && c.r.Header.Get("Content-Md5") == "" {
		return nil, invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	if len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return nil, malformedXML()
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
			return nil, notImplemented("conditions on the objects of DeleteObjects")
		}
		d, e := deleteVersion(c, o.Key, o.VersionID)
		switch {
		case e != nil:
			out.Errors = append(out.Errors, errorXML{o.Key, o.VersionID, e.code, e.message})
		case in.Quiet:
		case d.marker:
			out.Deleted = append(out.Deleted, deletedXML{o.Key, o.VersionID, true, d.id})
		default:
			out.Deleted = append(out.Deleted, deletedXML{Key: o.Key, VersionID: o.VersionID})
		}
	}
	return xmlAnswer("DeleteResult", out)
}
