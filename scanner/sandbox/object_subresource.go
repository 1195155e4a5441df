package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func getObjectACL(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObjectAcl")
	if e != nil {
		return nil, e
	}
	owner := c.s.canonicalID(v.owner)
	out := aclXML{owner, fullControl(owner)}
	if v.owner != c.b.account {
		bucketOwner := c.s.canonicalID(c.b.account)
		switch v.acl {
		case "bucket-owner-full-control":
			out.Grants = append(out.Grants, fullControl(bucketOwner)...)
		case "bucket-owner-read":
			out.Grants = append(out.Grants, grantXML{fullControl(bucketOwner)[0].Grantee, "READ"})
		}
	}
	return xmlAnswerOf(c, "AccessControlPolicy", out, v)
}

func getObjectTagging(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObjectTagging")
	if e != nil {
		return nil, e
	}
	return xmlAnswerOf(c, "Tagging", taggingXML{tagSetXML{v.tags}}, v)
}

func putObjectTagging(c *s3call) (*response, *apiError) {
	var in taggingXML
	if e := c.read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := checkTags(in.TagSet.Tags, 10); e != nil {
		return nil, e
	}
	return setTags(c, "s3:PutObjectTagging", in.TagSet.Tags, http.StatusOK)
}

func deleteObjectTagging(c *s3call) (*response, *apiError) {
	return setTags(c, "s3:DeleteObjectTagging", nil, http.StatusNoContent)
}

func setTags(c *s3call, action string, tags []tag, status int) (*response, *apiError) {
	v, e := findVersion(c, action)
	if e != nil {
		return nil, e
	}
	v.tags = slices.Clone(tags)
	slices.SortFunc(v.tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	replicateChange(c.s, c.b, v)
	h := http.Header{}
	setVersionID(c, h, v)
	return &response{status: status, header: h}, nil
}
