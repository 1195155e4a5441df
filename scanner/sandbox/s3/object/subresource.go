package object

import (
	"net/http"
	"slices"
	"strings"

	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func getObjectACL(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObjectAcl")
	if e != nil {
		return nil, e
	}
	owner := c.State.CanonicalID(v.Owner)
	out := request.ACL{OwnerID: owner, Grants: request.FullControl(owner)}
	if v.Owner != c.Bucket.Account {
		bucketOwner := c.State.CanonicalID(c.Bucket.Account)
		switch v.ACL {
		case "bucket-owner-full-control":
			out.Grants = append(out.Grants, request.FullControl(bucketOwner)...)
		case "bucket-owner-read":
			out.Grants = append(out.Grants, request.Grant{Grantee: request.FullControl(bucketOwner)[0].Grantee, Permission: "READ"})
		}
	}
	return xmlAnswerOf(c, "AccessControlPolicy", out, v)
}

func getObjectTagging(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObjectTagging")
	if e != nil {
		return nil, e
	}
	return xmlAnswerOf(c, "Tagging", request.Tagging{TagSet: request.TagSet{Tags: v.Tags}}, v)
}

func putObjectTagging(c *request.Request) (*wire.Response, *wire.Error) {
	var in request.Tagging
	if e := c.Read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := request.CheckTags(in.TagSet.Tags, 10); e != nil {
		return nil, e
	}
	return setTags(c, "s3:PutObjectTagging", in.TagSet.Tags, http.StatusOK)
}

func deleteObjectTagging(c *request.Request) (*wire.Response, *wire.Error) {
	return setTags(c, "s3:DeleteObjectTagging", nil, http.StatusNoContent)
}

func setTags(c *request.Request, action string, tags []state.Tag, status int) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, action)
	if e != nil {
		return nil, e
	}
	v.Tags = slices.Clone(tags)
	slices.SortFunc(v.Tags, func(a, b state.Tag) int { return strings.Compare(a.Key, b.Key) })
	replicate.Change(c.State, c.Bucket, v)
	h := http.Header{}
	setVersionID(c, h, v)
	return &wire.Response{Status: status, Header: h}, nil
}
