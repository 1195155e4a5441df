package sandbox

func loadPublicAccess(_ *State, b *bucket, w *worldSettings) {
	if p := w.PublicAccessBlock; p != nil {
		own := *p
		b.publicAccess = &own
	}
}

func getPublicAccess(c *s3call) (*response, *apiError) {
	p := c.b.publicAccess
	if p == nil {
		return nil, notFound("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", c.b)
	}
	return xmlAnswer("PublicAccessBlockConfiguration", p)
}

// putPublicAccess replaces the whole setting: a member left out becomes false.
func putPublicAccess(c *s3call) (*response, *apiError) {
	var in publicAccessXML
	if e := c.read("PublicAccessBlockConfiguration", &in); e != nil {
		return nil, e
	}
	if in == (publicAccessXML{}) {
		return nil, invalidRequest("Must specify at least one configuration.")
	}
	on := func(b *bool) bool { return b != nil && *b }
	c.b.publicAccess = &publicAccessBlock{
		BlockACLs: on(in.BlockPublicAcls), IgnoreACLs: on(in.IgnorePublicAcls),
		BlockPolicy: on(in.BlockPublicPolicy), Restrict: on(in.RestrictPublicBuckets),
	}
	return done(200)
}

func removePublicAccess(b *bucket) { b.publicAccess = nil }

type publicAccessXML struct {
	BlockPublicAcls       *bool `xml:"BlockPublicAcls"`
	IgnorePublicAcls      *bool `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     *bool `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets *bool `xml:"RestrictPublicBuckets"`
}
