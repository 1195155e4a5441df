package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func getBucketTagging(c *request.Request) (*wire.Response, *wire.Error) {
	if c.Bucket.Tags == nil {
		return nil, request.NotFound("NoSuchTagSet", "The TagSet does not exist", c.Bucket)
	}
	return wire.AnswerXML("Tagging", &request.Tagging{TagSet: request.TagSet{Tags: c.Bucket.Tags}})
}

func putBucketTagging(c *request.Request) (*wire.Response, *wire.Error) {
	var in request.Tagging
	if e := c.Read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := request.CheckTags(in.TagSet.Tags, 50); e != nil {
		return nil, e
	}
	c.Bucket.Tags = in.TagSet.Tags
	return wire.Done(204)
}

func removeTags(b *state.Bucket) { b.Tags = nil }
