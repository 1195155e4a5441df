package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func loadPublicAccess(_ *state.State, b *state.Bucket, w *World) {
	if p := w.PublicAccessBlock; p != nil {
		own := *p
		b.PublicAccess = &own
	}
}

func getPublicAccess(c *request.Request) (*wire.Response, *wire.Error) {
	p := c.Bucket.PublicAccess
	if p == nil {
		return nil, request.NotFound("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", c.Bucket)
	}
	return wire.AnswerXML("PublicAccessBlockConfiguration", p)
}

// putPublicAccess replaces the whole setting: a member left out becomes false.
func putPublicAccess(c *request.Request) (*wire.Response, *wire.Error) {
	var in publicAccessXML
	if e := c.Read("PublicAccessBlockConfiguration", &in); e != nil {
		return nil, e
	}
	if in == (publicAccessXML{}) {
		return nil, wire.InvalidRequest("Must specify at least one configuration.")
	}
	on := func(b *bool) bool { return b != nil && *b }
	c.Bucket.PublicAccess = &state.PublicAccessBlock{
		BlockACLs: on(in.BlockPublicAcls), IgnoreACLs: on(in.IgnorePublicAcls),
		BlockPolicy: on(in.BlockPublicPolicy), Restrict: on(in.RestrictPublicBuckets),
	}
	return wire.Done(200)
}

func removePublicAccess(b *state.Bucket) { b.PublicAccess = nil }

type publicAccessXML struct {
	BlockPublicAcls       *bool `xml:"BlockPublicAcls"`
	IgnorePublicAcls      *bool `xml:"IgnorePublicAcls"`
	BlockPublicPolicy     *bool `xml:"BlockPublicPolicy"`
	RestrictPublicBuckets *bool `xml:"RestrictPublicBuckets"`
}
