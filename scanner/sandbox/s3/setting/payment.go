package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkRequestPayment(w *World, wrong report) {
	wrong.oneOf(".request_payment", w.RequestPayment, "", "BucketOwner", "Requester")
}

func loadRequestPayment(_ *state.State, b *state.Bucket, w *World) {
	if w.RequestPayment != "" {
		b.RequestPayment = w.RequestPayment
	}
}

func getRequestPayment(c *request.Request) (*wire.Response, *wire.Error) {
	return wire.AnswerXML("RequestPaymentConfiguration", requestPaymentXML{c.Bucket.RequestPayment})
}

func putRequestPayment(c *request.Request) (*wire.Response, *wire.Error) {
	var in requestPaymentXML
	if e := c.Read("RequestPaymentConfiguration", &in); e != nil {
		return nil, e
	}
	if in.Payer != "BucketOwner" && in.Payer != "Requester" {
		return nil, wire.MalformedXML()
	}
	c.Bucket.RequestPayment = in.Payer
	return wire.Done(200)
}

type requestPaymentXML struct {
	Payer string `xml:"Payer"`
}
