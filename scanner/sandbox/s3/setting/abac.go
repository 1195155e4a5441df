package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkABAC(w *World, wrong report) {
	wrong.oneOf(".abac", w.ABAC, "", state.Enabled, state.Disabled)
}

func loadABAC(_ *state.State, b *state.Bucket, w *World) {
	if w.ABAC != "" {
		b.ABAC = w.ABAC
	}
}

func getABAC(c *request.Request) (*wire.Response, *wire.Error) {
	return wire.AnswerXML("AbacStatus", abacXML{c.Bucket.ABAC})
}

func putABAC(c *request.Request) (*wire.Response, *wire.Error) {
	var in abacXML
	if e := c.Read("AbacStatus", &in); e != nil {
		return nil, e
	}
	if in.Status != state.Enabled && in.Status != state.Disabled {
		return nil, wire.MalformedXML()
	}
	c.Bucket.ABAC = in.Status
	return wire.Done(200)
}

type abacXML struct {
	Status string `xml:"Status"`
}
