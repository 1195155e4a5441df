package iam

import (
	"fmt"
	"testing"
)

// holds evaluates the condition of a statement as an Allow and as a Deny.
func holds(t *testing.T, version, condition string, context map[string]Value) (allow, deny Truth) {
	t.Helper()
	for _, effect := range []string{"Allow", "Deny"} {
		doc := fmt.Sprintf(`{"Version":%q,"Statement":{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}}`, version, effect, condition)
		p := Parse(SessionPolicy, "p", []byte(doc))
		if !p.Valid() {
			t.Fatalf("%s: %+v", doc, p.Diagnostics())
		}
		e := &evaluation{req: &Request{Context: context}, in: &Input{}}
		s := &p.statements[0]
		got := True
		for i := range s.conditions {
			got = and(got, e.condition(&s.conditions[i], s.effect))
		}
		if effect == "Allow" {
			allow = got
		} else {
			deny = got
		}
	}
	return allow, deny
}

func TestCondition(t *testing.T) {
	one := func(v string) map[string]Value { return map[string]Value{"k": One(v)} }
	many := func(v ...string) map[string]Value { return map[string]Value{"k": Many(v...)} }
	none := map[string]Value{}
	unknown := map[string]Value{"k": {}}
	const arn = "arn:aws:iam::111111111111:user/u"
	for _, c := range []struct {
		condition   string
		context     map[string]Value
		allow, deny Truth
	}{
		// a key that is not sent
		{`{"StringEquals":{"k":"a"}}`, none, False, False},
		{`{"StringNotEquals":{"k":"a"}}`, none, True, True},
		{`{"StringEqualsIfExists":{"k":"a"}}`, none, True, True},
		{`{"NumericLessThan":{"k":"1"}}`, none, False, False},
		{`{"NotIpAddress":{"k":"192.0.2.1"}}`, none, True, True},
		{`{"Null":{"k":"true"}}`, none, True, True},
		{`{"Null":{"k":"false"}}`, none, False, False},
		{`{"Null":{"k":["true","false"]}}`, none, True, True},
		{`{"ForAllValues:StringEquals":{"k":"a"}}`, none, True, True},
		{`{"ForAnyValue:StringNotEquals":{"k":"a"}}`, none, False, False},
		{`{"ForAllValues:StringEqualsIfExists":{"k":"a"}}`, none, True, True},
		{`{"ForAnyValue:StringEqualsIfExists":{"k":"a"}}`, none, Unknown, Unknown}, // two documented rules
		// a key that is not known
		{`{"StringEquals":{"k":"a"}}`, unknown, Unknown, Unknown},
		{`{"StringNotEqualsIfExists":{"k":"a"}}`, unknown, Unknown, Unknown},
		{`{"Null":{"k":"true"}}`, unknown, Unknown, Unknown},
		// text
		{`{"StringEquals":{"k":["b","a"]}}`, one("a"), True, True},
		{`{"StringEquals":{"k":"a*"}}`, one("ab"), False, False},
		{`{"StringNotEquals":{"k":["b","a"]}}`, one("a"), False, False},
		{`{"StringLike":{"k":["x","a*"]}}`, one("ab"), True, True},
		{`{"StringNotLike":{"k":"a*"}}`, one("ab"), False, False},
		{`{"StringEquals":{"K":"a"}}`, one("a"), True, True},
		{`{"StringEquals":{"k":[]}}`, one("a"), False, False},
		{`{"StringNotEquals":{"k":[]}}`, one("a"), Unknown, Unknown},
		{`{"StringEquals":{"k":1}}`, one("1"), True, True},
		{`{"StringEquals":{"k":true}}`, one("true"), True, True},
		{`{"stringequals":{"k":"a"}}`, one("a"), Unknown, Unknown},
		// sets
		{`{"StringEquals":{"k":"a"}}`, many("a"), False, False},
		{`{"StringNotEquals":{"k":"b"}}`, many("a"), False, False},
		{`{"StringNotEqualsIfExists":{"k":"b"}}`, many("a"), False, False},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, many("a", "b"), True, True},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, many("a", "c"), False, False},
		{`{"ForAnyValue:StringEquals":{"k":["a","b"]}}`, many("a", "c"), True, True},
		{`{"ForAnyValue:StringNotEquals":{"k":"a"}}`, many("a", "c"), True, True},
		{`{"ForAnyValue:StringEquals":{"k":"a"}}`, one("a"), True, True},
		{`{"ForAllValues:StringEquals":{"k":"a"}}`, many(), True, True},
		{`{"ForAnyValue:StringEquals":{"k":"a"}}`, many(), False, False},
		{`{"StringNotEquals":{"k":"a"}}`, many(), Unknown, Unknown}, // absent or present
		{`{"Null":{"k":"true"}}`, many(), Unknown, Unknown},
		// literals that are none
		{`{"StringEquals":{"aws:TagKeys":"a"}}`, map[string]Value{"aws:tagkeys": One("a")}, False, False}, // a set of one
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}`, map[string]Value{"aws:tagkeys": One("a")}, True, True},
		{`{"NumericNotEquals":{"k":"NaN"}}`, one("1"), True, True},
		{`{"NumericNotEquals":{"k":"1"}}`, one("x"), True, True},
		{`{"NumericLessThan":{"k":"1"}}`, one("x"), False, False},
		{`{"NumericNotEquals":{"k":"1"}}`, one("١"), Unknown, Unknown},
		{`{"DateNotEquals":{"k":"x"}}`, one("x"), True, True},
		{`{"DateGreaterThan":{"k":"2030-01-01"}}`, one("2030"), Unknown, Unknown},
		{`{"IpAddress":{"k":"x"}}`, one("192.0.2.1"), False, Unknown},
		{`{"NotIpAddress":{"k":"x"}}`, one("192.0.2.1"), Unknown, Unknown},
		{`{"NotIpAddress":{"k":"192.0.2.0/24"}}`, one("x"), False, False},
		{`{"IpAddress":{"k":"2001:db8::5/64"}}`, one("2001:db8::5"), False, False},
		{`{"NotIpAddress":{"k":"2001:db8::5/64"}}`, one("2001:db8::5"), Unknown, Unknown},
		{`{"NotIpAddress":{"k":"2001:db8::/64"}}`, one("192.0.2.1"), True, True},
		{`{"BinaryEquals":{"k":"YQ"}}`, one("YQ"), False, False},
		{`{"Bool":{"k":"false"}}`, one("yes"), True, True},
		{`{"Bool":{"k":"TRUE"}}`, one("tRuE"), True, True},
		{`{"Null":{"k":"maybe"}}`, one("x"), Unknown, Unknown},
		// ARNs
		{`{"ArnLike":{"k":"arn:aws:iam::*:user/*"}}`, one(arn), True, True},
		{`{"ArnEquals":{"k":"arn:*:iam::111111111111:u*"}}`, one(arn), True, True},
		{`{"ArnLike":{"k":"arn:aws:*:user/u"}}`, one(arn), False, Unknown}, // too few fields
		{`{"ArnLike":{"k":"arn:aws:iam::*"}}`, one(arn), Unknown, Unknown},
		{`{"ArnLike":{"k":"*"}}`, one(arn), True, True},
		{`{"ArnNotLike":{"k":"*"}}`, one(arn), False, False},
		{`{"ArnLike":{"k":"ARN:aws:iam::*:user/*"}}`, one(arn), False, True}, // letter case: malformed
		{`{"ArnLike":{"k":"arn:AWS:iam::*:user/*"}}`, one(arn), False, False},
		{`{"ArnLike":{"k":"x"}}`, one(arn), False, True},
		{`{"ArnNotLike":{"k":"x"}}`, one(arn), False, True},
		{`{"ArnLike":{"k":["arn:aws:iam::*:user/u","x"]}}`, one(arn), True, True}, // an earlier match ends the trial
		{`{"ArnNotLike":{"k":["arn:aws:iam::*:user/u","x"]}}`, one(arn), False, False},
		{`{"ArnLike":{"k":["x","arn:aws:iam::*:user/u"]}}`, one(arn), False, True},
		{`{"ArnLike":{"k":"x"}}`, one("x"), False, False},
		{`{"ArnNotLike":{"k":"arn:aws:iam::*:user/u"}}`, one("x"), False, False},
		{`{"ArnLike":{"k":"arn:aws:s3:::b*"}}`, one("arn:aws:s3:::b/x:y"), True, True},
		{`{"ArnLike":{"k":"arn:aws:s3:*:b"}}`, one("arn:aws:s3:::b"), False, Unknown},
		// several operators and keys
		{`{"StringEquals":{"k":"a","j":"b"}}`, map[string]Value{"k": One("a"), "j": One("b")}, True, True},
		{`{"StringEquals":{"k":"a","j":"b"}}`, one("a"), False, False},
		{`{"StringEquals":{"k":"b","j":"b"}}`, map[string]Value{"k": One("a"), "j": {}}, False, False},
		{`{"StringEquals":{"k":"a"},"Bool":{"j":"true"}}`, map[string]Value{"k": One("a"), "j": {}}, Unknown, Unknown},
	} {
		allow, deny := holds(t, "2012-10-17", c.condition, c.context)
		if allow != c.allow || deny != c.deny {
			t.Errorf("%s with %v: Allow %v, Deny %v; want %v, %v", c.condition, c.context, allow, deny, c.allow, c.deny)
		}
	}
}

func TestVariables(t *testing.T) {
	context := map[string]Value{
		"k": One("ana"), "star": One("*"), "aws:username": One("ana"), "set": Many("ana"), "unknown": {}, "empty": One(""),
		"arn": One("arn:aws:iam::111111111111:role/ana"), "acct": One("111111111111"), "word": One("x"), "dollar": One("$"), "text": One("${aws:username}"),
	}
	for _, c := range []struct {
		version, condition string
		allow, deny        Truth
	}{
		{"2012-10-17", `{"StringEquals":{"k":"${aws:username}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"${AWS:UserName}"}}`, True, True},
		{"2008-10-17", `{"StringEquals":{"k":"${aws:username}"}}`, False, False},
		{"2008-10-17", `{"StringEquals":{"text":"${aws:username}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"a${x, 'na'}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"${x,'ana'}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"${x}"}}`, False, False},
		{"2012-10-17", `{"StringNotEquals":{"k":"${x}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"${set, 'ana'}"}}`, False, False}, // never resolves
		{"2012-10-17", `{"StringNotEquals":{"k":"${set}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"k":"${unknown}"}}`, Unknown, Unknown},
		{"2012-10-17", `{"StringEquals":{"k":["${unknown}","ana"]}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"empty":"${empty}"}}`, True, True},
		{"2012-10-17", `{"StringLike":{"k":"${star}"}}`, False, False}, // what a variable brings is literal
		{"2012-10-17", `{"StringLike":{"star":"${star}"}}`, True, True},
		{"2012-10-17", `{"StringLike":{"k":"${*}"}}`, False, False},
		{"2012-10-17", `{"StringLike":{"star":"${*}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"star":"${*}"}}`, True, True},
		{"2012-10-17", `{"StringEquals":{"dollar":"${$}"}}`, True, True},
		{"2012-10-17", `{"StringLike":{"k":"${aws:username}*"}}`, True, True},
		{"2012-10-17", `{"StringLike":{"k":"b${unknown}"}}`, False, False}, // whatever it is
		{"2012-10-17", `{"StringLike":{"k":"a${unknown}"}}`, Unknown, Unknown},
		{"2012-10-17", `{"StringEqualsIgnoreCase":{"k":"A${x, 'NA'}"}}`, True, True},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${acct}:role/${k}"}}`, True, True},
		{"2012-10-17", `{"ArnLike":{"arn":"${arn}"}}`, True, True},
		{"2012-10-17", `{"ArnLike":{"arn":"${word}"}}`, False, True},
		{"2012-10-17", `{"ArnNotLike":{"arn":"${word}"}}`, False, True},
		{"2012-10-17", `{"ArnNotLike":{"word":"${word}"}}`, False, False},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::*:role/${star}"}}`, False, False},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${unknown}:role/ana"}}`, Unknown, Unknown},
		{"2012-10-17", `{"Bool":{"k":"${k}"}}`, Unknown, Unknown},
		{"2012-10-17", `{"StringEquals":{"k":"${k"}}`, Unknown, Unknown}, // not understood
		{"2012-10-17", `{"StringEquals":{"k":"${k, ana}"}}`, Unknown, Unknown},
	} {
		allow, deny := holds(t, c.version, c.condition, context)
		if allow != c.allow || deny != c.deny {
			t.Errorf("%s %s: Allow %v, Deny %v; want %v, %v", c.version, c.condition, allow, deny, c.allow, c.deny)
		}
	}
}
