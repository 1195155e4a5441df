package setting

import (
	"slices"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkOwnership(w *World, wrong report) {
	wrong.oneOf(".ownership", w.Ownership, "", state.BucketOwnerEnforced, state.BucketOwnerPreferred, state.ObjectWriter)
}

func loadOwnership(_ *state.State, b *state.Bucket, w *World) {
	if w.Ownership != "" {
		b.Ownership = w.Ownership
	}
}

func getOwnership(c *request.Request) (*wire.Response, *wire.Error) {
	if c.Bucket.Ownership == "" {
		return nil, request.NotFound("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", c.Bucket)
	}
	var out ownershipXML
	out.Rules = slices.Grow(out.Rules, 1)[:1]
	out.Rules[0].ObjectOwnership = c.Bucket.Ownership
	return wire.AnswerXML("OwnershipControls", out)
}

func putOwnership(c *request.Request) (*wire.Response, *wire.Error) {
	var in ownershipXML
	if e := c.Read("OwnershipControls", &in); e != nil {
		return nil, e
	}
	known := []string{state.BucketOwnerEnforced, state.BucketOwnerPreferred, state.ObjectWriter}
	if len(in.Rules) != 1 || !slices.Contains(known, in.Rules[0].ObjectOwnership) {
		return nil, wire.MalformedXML()
	}
	c.Bucket.Ownership = in.Rules[0].ObjectOwnership
	return wire.Done(200)
}

func removeOwnership(b *state.Bucket) { b.Ownership = "" }

type ownershipXML struct {
	Rules []struct {
		ObjectOwnership string `xml:"ObjectOwnership"`
	} `xml:"Rule"`
}
