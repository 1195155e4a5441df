package sandbox

func checkRequestPayment(w *worldSettings, wrong report) {
	wrong.oneOf(".request_payment", w.RequestPayment, "", "BucketOwner", "Requester")
}

func loadRequestPayment(_ *State, b *bucket, w *worldSettings) {
	if w.RequestPayment != "" {
		b.requestPayment = w.RequestPayment
	}
}

func getRequestPayment(c *s3call) (*response, *apiError) {
	return xmlAnswer("RequestPaymentConfiguration", requestPaymentXML{c.b.requestPayment})
}

func putRequestPayment(c *s3call) (*response, *apiError) {
	var in requestPaymentXML
	if e := c.read("RequestPaymentConfiguration", &in); e != nil {
		return nil, e
	}
	if in.Payer != "BucketOwner" && in.Payer != "Requester" {
		return nil, malformedXML()
	}
	c.b.requestPayment = in.Payer
	return done(200)
}

type requestPaymentXML struct {
	Payer string `xml:"Payer"`
}
