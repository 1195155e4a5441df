package iam

import (
	"fmt"
	"testing"
)

// TestClassify holds what the recorded vectors do not: above all what must stay unknown.
func TestClassify(t *testing.T) {
	allow := func(principal, condition string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Principal":%s,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":%s}`, principal, condition)
	}
	deny := func(principal, action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect":"Deny","Principal":%s,"Action":%q,"Resource":%q,"Condition":%s}`, principal, action, resource, condition)
	}
	const star = `"*"`
	for _, c := range []struct {
		statements string
		want       Publicness
	}{
		{allow(star, `{}`), Publicness{True, 0}},
		{allow(`{"AWS":"111111111111"}`, `{}`), Publicness{False, -1}},
		{allow(`{"AWS":["111111111111","*"]}`, `{}`), Publicness{True, 0}},
		{allow(`{"Federated":"graph.facebook.com"}`, `{}`), Publicness{True, 0}},
		{allow(`{"Federated":"arn:aws:iam::111111111111:saml-provider/x"}`, `{}`), Publicness{Unknown, 0}},
		{allow(`{"AWS":"111111111111"}`, `{}`) + "," + allow(star, `{"StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}}`), Publicness{Unknown, 1}},
		{allow(star, `{"StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}}`) + "," + allow(star, `{}`), Publicness{True, 1}},
		{allow(star, `{"StringEqualsIgnoreCase":{"aws:SourceVpc":"vpc-1"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"StringLike":{"aws:SourceVpc":"vpc-1"}}`), Publicness{False, -1}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":"vpc-*"}}`), Publicness{False, -1}}, // a literal
		{allow(star, `{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`), Publicness{True, 0}},
		{allow(star, `{"ForAnyValue:StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`), Publicness{True, 0}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpc":"false"}}`), Publicness{False, -1}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpc":["false","true"]}}`), Publicness{True, 0}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpce":"false"}}`), Publicness{True, 0}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":[]}}`), Publicness{False, -1}},
		{allow(star, `{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"StringEquals":{"aws:userid":"AROAEXAMPLE:s"}}`), Publicness{False, -1}},
		{allow(star, `{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:111111111111:x"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:*:x"}}`), Publicness{True, 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111111111111:*"}}`), Publicness{False, -1}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:*:*:111111111111:x"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b*"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}`), Publicness{False, -1}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"*"}}`), Publicness{True, 0}},
		{allow(star, `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}`), Publicness{False, -1}},
		{allow(star, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:role/x"}}`), Publicness{True, 0}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.0.0/7"]}}`), Publicness{True, 0}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}`), Publicness{False, -1}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":[]}}`), Publicness{False, -1}},
		{allow(star, `{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`), Publicness{True, 0}},
		{allow(star, `{"StringEquals":{"aws:SourceIp":"192.0.2.1"}}`), Publicness{Unknown, 0}},
		{allow(star, `{"Bool":{"aws:SecureTransport":"true"}}`), Publicness{True, 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:DeleteObject", "arn:aws:s3:::b/*", `{}`), Publicness{True, 0}},
		{allow(star, `{}`) + "," + deny(`{"AWS":"111111111111"}`, "s3:GetObject", "arn:aws:s3:::b/*", `{}`), Publicness{True, 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"Bool":{"aws:SecureTransport":"false"}}`), Publicness{Unknown, 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:*", "arn:aws:s3:::b/*", `{}`), Publicness{Unknown, 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEquals":{"aws:SourceAccount":["111111111111","222222222222"]}}`), Publicness{False, -1}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEqualsIfExists":{"aws:SourceAccount":"111111111111"}}`), Publicness{Unknown, 0}},
		{`{"Effect":"Allow","Principal":"*","Action":"s3:NoSuchAction","Resource":"arn:aws:s3:::b/*"}`, Publicness{Unknown, -1}}, // S3 refuses it
	} {
		p := Parse(BucketPolicy, "p", []byte(`{"Version":"2012-10-17","Statement":[`+c.statements+`]}`), ForBucket("b"))
		if got := Classify("b", p); got != c.want {
			t.Errorf("%s: %v, want %v", c.statements, got, c.want)
		}
	}
	if got := Classify("b", nil); got.Public != Unknown {
		t.Errorf("nil: %v", got)
	}
	if got := Classify("other", Parse(BucketPolicy, "p", []byte(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}`), ForBucket("b"))); got.Public != Unknown {
		t.Errorf("another bucket: %v", got)
	}
}
