package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// bucketTags are the tags of a bucket.
const bucketTags stored[request.Tagging] = "tagging"

// SetTags sets the tags of a bucket, nil for none.
func SetTags(b *state.Bucket, tags []state.Tag) {
	if tags == nil {
		bucketTags.remove(b)
		return
	}
	bucketTags.set(b, &request.Tagging{TagSet: request.TagSet{Tags: tags}})
}

func getBucketTagging(c *request.Request) (*wire.Response, *wire.Error) {
	tags := bucketTags.of(c.Bucket)
	if tags == nil {
		return nil, request.NotFound("NoSuchTagSet", "The TagSet does not exist", c.Bucket)
	}
	return wire.AnswerXML("Tagging", tags)
}

func putBucketTagging(c *request.Request) (*wire.Response, *wire.Error) {
	var in request.Tagging
	if e := c.Read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := request.CheckTags(in.TagSet.Tags, 50); e != nil {
		return nil, e
	}
	SetTags(c.Bucket, in.TagSet.Tags)
	return wire.Done(204)
}
