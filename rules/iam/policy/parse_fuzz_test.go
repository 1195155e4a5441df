package policy

import (
	"encoding/json"
	"testing"
)

var documents = []string{
	"{", "", `{"Statement":[]}`, "%7B%22Statement%22%3A%5B%5D%7D",
	`{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","NotPrincipal":{"AWS":["111111111111","AROAROLEROLEROLEROLE1"]},"NotAction":["s3:Get*"],"NotResource":["arn:aws:s3:::b/${aws:username, 'x'}/*"],"Condition":{"ForAnyValue:StringNotLikeIfExists":{"aws:TagKeys":["a?*","\u00e9"]},"NumericLessThan":{"s3:max-keys":1e1},"Null":{"k":true}}}]}`,
	`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"ArnNotLike":{"aws:SourceArn":["arn:aws:sns:*:111111111111:x","x"]},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::5/64"]},"DateGreaterThan":{"aws:CurrentTime":"2030-01-01"},"StringEqualsIgnoreCase":{"a":"ΟΣ"},"Bool":{"aws:SecureTransport":"false"},"BinaryEquals":{"b":"YQ=="}}}]}`,
	`{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
}

// FuzzParse: any bytes give a policy, with diagnostics inside the document.
func FuzzParse(f *testing.F) {
	for _, d := range documents {
		for kind := range Resource + 1 {
			f.Add(byte(kind), []byte(d))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, doc []byte) {
		p := Parse(Kind(kind), "p", doc, ForBucket("b"))
		valid := true
		for _, d := range p.Diagnostics() {
			valid = valid && d.Warning
			if d.Message == "" || d.Line < 1 || d.Column < 1 || d.Offset < 0 || d.Offset > len(p.src) {
				t.Errorf("%+v", d)
			}
		}
		if p.Valid() != valid {
			t.Errorf("valid %v with %+v", p.Valid(), p.Diagnostics())
		}
		for _, s := range p.Statements() {
			if s.Line < 1 || s.Offset >= len(p.src) {
				t.Errorf("%+v", s)
			}
		}
		// What we accept is JSON to everybody.
		if p.Valid() && !json.Valid([]byte(p.src)) {
			t.Errorf("%q is accepted", p.src)
		}
		Classify("b", p)
	})
}
