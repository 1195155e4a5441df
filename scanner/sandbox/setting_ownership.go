package sandbox

import (
	"slices"
)

func checkOwnership(w *worldSettings, wrong report) {
	wrong.oneOf(".ownership", w.Ownership, "", bucketOwnerEnforced, bucketOwnerPreferred, objectWriter)
}

func loadOwnership(_ *State, b *bucket, w *worldSettings) {
	if w.Ownership != "" {
		b.ownership = w.Ownership
	}
}

func getOwnership(c *s3call) (*response, *apiError) {
	if c.b.ownership == "" {
		return nil, notFound("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", c.b)
	}
	var out ownershipXML
	out.Rules = slices.Grow(out.Rules, 1)[:1]
	out.Rules[0].ObjectOwnership = c.b.ownership
	return xmlAnswer("OwnershipControls", out)
}

func putOwnership(c *s3call) (*response, *apiError) {
	var in ownershipXML
	if e := c.read("OwnershipControls", &in); e != nil {
		return nil, e
	}
	known := []string{bucketOwnerEnforced, bucketOwnerPreferred, objectWriter}
	if len(in.Rules) != 1 || !slices.Contains(known, in.Rules[0].ObjectOwnership) {
		return nil, malformedXML()
	}
	c.b.ownership = in.Rules[0].ObjectOwnership
	return done(200)
}

func removeOwnership(b *bucket) { b.ownership = "" }

type ownershipXML struct {
	Rules []struct {
		ObjectOwnership string `xml:"ObjectOwnership"`
	} `xml:"Rule"`
}
