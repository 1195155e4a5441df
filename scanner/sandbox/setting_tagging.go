package sandbox

// bucketTags are the tags of a bucket.
const bucketTags stored[taggingXML] = "tagging"

// setBucketTags sets the tags of a bucket, nil for none.
func setBucketTags(b *bucket, tags []tag) {
	if tags == nil {
		bucketTags.remove(b)
		return
	}
	bucketTags.set(b, &taggingXML{tagSetXML{tags}})
}

func getBucketTagging(c *s3call) (*response, *apiError) {
	tags := bucketTags.of(c.b)
	if tags == nil {
		return nil, notFound("NoSuchTagSet", "The TagSet does not exist", c.b)
	}
	return xmlAnswer("Tagging", tags)
}

func putBucketTagging(c *s3call) (*response, *apiError) {
	var in taggingXML
	if e := c.read("Tagging", &in); e != nil {
		return nil, e
	}
	if e := checkTags(in.TagSet.Tags, 50); e != nil {
		return nil, e
	}
	setBucketTags(c.b, in.TagSet.Tags)
	return done(204)
}
