package public_test

import (
	"fmt"
	"testing"

	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/public"
)

// TestClassify holds what the recorded vectors do not: above all what must stay unknown.
func TestClassify(t *testing.T) {
	t.Parallel()
	allow := func(principal, condition string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Principal":%s,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":%s}`, principal, condition)
	}
	deny := func(principal, action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect":"Deny","Principal":%s,"Action":%q,"Resource":%q,"Condition":%s}`, principal, action, resource, condition)
	}
	const star = `"*"`
	for _, c := range []struct {
		statements string
		want       public.Status
	}{
		{allow(star, `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(`{"AWS":"111111111111"}`, `{}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(`{"AWS":["111111111111","*"]}`, `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(`{"Federated":"graph.facebook.com"}`, `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(`{"Federated":"arn:aws:iam::111111111111:saml-provider/x"}`, `{}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(`{"AWS":"111111111111"}`, `{}`) + "," + allow(star, `{"StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}}`), public.Status{Public: logic.Unknown, Statement: 1}},
		{allow(star, `{"StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}}`) + "," + allow(star, `{}`), public.Status{Public: logic.True, Statement: 1}},
		{allow(star, `{"StringEqualsIgnoreCase":{"aws:SourceVpc":"vpc-1"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"StringLike":{"aws:SourceVpc":"vpc-1"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":"vpc-*"}}`), public.Status{Public: logic.False, Statement: -1}}, // a literal
		{allow(star, `{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"ForAnyValue:StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpc":"false"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpc":["false","true"]}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpce":"false"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":[]}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"StringEquals":{"aws:userid":"AROAEXAMPLE:s"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:111111111111:x"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"StringLike":{"aws:SourceArn":"arn:aws:sns:*:*:x"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111111111111:*"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:*:*:111111111111:x"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b*"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"ArnLike":{"aws:SourceArn":"*"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:role/x"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.0.0/7"]}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"IpAddress":{"aws:SourceIp":[]}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"StringEquals":{"aws:SourceIp":"192.0.2.1"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":"${*}"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{"StringEquals":{"aws:SourceVpc":"${aws:username}"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{"Bool":{"aws:SecureTransport":"true"}}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:DeleteObject", "arn:aws:s3:::b/*", `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{}`) + "," + deny(`{"AWS":"111111111111"}`, "s3:GetObject", "arn:aws:s3:::b/*", `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"Bool":{"aws:SecureTransport":"false"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:*", "arn:aws:s3:::b/*", `{}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEquals":{"aws:SourceAccount":["111111111111","222222222222"]}}`), public.Status{Public: logic.False, Statement: -1}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEqualsIfExists":{"aws:SourceAccount":"111111111111"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:GetObject", "arn:aws:s3:::b/*", `{"StringNotEquals":{"aws:SourceAccount":[]}}`), public.Status{Public: logic.Unknown, Statement: 0}},
		{allow(star, `{}`) + "," + deny(star, "s3:Delete*", "arn:aws:s3:::b/*", `{}`), public.Status{Public: logic.True, Statement: 0}},
		{allow(star, `{}`) + `,{"Effect":"Deny","Principal":"*","NotAction":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}`, public.Status{Public: logic.Unknown, Statement: 0}},
		{`{"Effect":"Allow","Principal":"*","Action":"s3:NoSuchAction","Resource":"arn:aws:s3:::b/*"}`, public.Status{Public: logic.Unknown, Statement: -1}}, // S3 refuses it
	} {
		p := policy.Parse(policy.Bucket, "p", []byte(`{"Version":"2012-10-17","Statement":[`+c.statements+`]}`), policy.ForBucket("b"))
		if got := policy.Classify("b", p); got != c.want {
			t.Errorf("%s: %v, want %v", c.statements, got, c.want)
		}
	}
	if got := policy.Classify("b", nil); got.Public != logic.Unknown {
		t.Errorf("nil: %v", got)
	}
	if got := policy.Classify("other", policy.Parse(policy.Bucket, "p", []byte(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}`), policy.ForBucket("b"))); got != (public.Status{Public: logic.Unknown, Statement: -1}) {
		t.Errorf("another bucket: %v", got)
	}
}
