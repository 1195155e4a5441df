package condition_test

import (
	"fmt"
	"testing"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

// holds evaluates the condition of a statement as an Allow and as a Deny.
func holds(t *testing.T, version, condition string, context map[string]contextkey.Value) (allow, deny logic.Truth) {
	t.Helper()
	for _, effect := range []string{"Allow", "Deny"} {
		doc := fmt.Sprintf(`{"Version":%q,"Statement":{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}}`, version, effect, condition)
		p := policy.Parse(policy.Session, "p", []byte(doc))
		if !p.Valid() {
			t.Fatalf("%s: %+v", doc, p.Diagnostics())
		}
		known := &contextkey.Known{Context: context}
		s := &p.Compiled()[0]
		got := logic.True
		for i := range s.Conditions {
			got = logic.And(got, s.Conditions[i].Holds(known, s.Effect == statement.Deny))
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
	t.Parallel()
	one := func(v string) map[string]contextkey.Value { return map[string]contextkey.Value{"k": contextkey.One(v)} }
	many := func(v ...string) map[string]contextkey.Value {
		return map[string]contextkey.Value{"k": contextkey.Many(v...)}
	}
	none := map[string]contextkey.Value{}
	unknown := map[string]contextkey.Value{"k": {}}
	const arn = "arn:aws:iam::111111111111:user/u"
	for _, c := range []struct {
		condition   string
		context     map[string]contextkey.Value
		allow, deny logic.Truth
	}{
		// a key that is not sent
		{`{"StringEquals":{"k":"a"}}`, none, logic.False, logic.False},
		{`{"StringNotEquals":{"k":"a"}}`, none, logic.True, logic.True},
		{`{"StringEqualsIfExists":{"k":"a"}}`, none, logic.True, logic.True},
		{`{"NumericLessThan":{"k":"1"}}`, none, logic.False, logic.False},
		{`{"NotIpAddress":{"k":"192.0.2.1"}}`, none, logic.True, logic.True},
		{`{"Null":{"k":"true"}}`, none, logic.True, logic.True},
		{`{"Null":{"k":"false"}}`, none, logic.False, logic.False},
		{`{"Null":{"k":["true","false"]}}`, none, logic.True, logic.True},
		{`{"ForAllValues:StringEquals":{"k":"a"}}`, none, logic.True, logic.True},
		{`{"ForAnyValue:StringNotEquals":{"k":"a"}}`, none, logic.False, logic.False},
		{`{"ForAllValues:StringEqualsIfExists":{"k":"a"}}`, none, logic.True, logic.True},
		{`{"ForAnyValue:StringEqualsIfExists":{"k":"a"}}`, none, logic.Unknown, logic.Unknown}, // two documented rules
		// a key that is not known
		{`{"StringEquals":{"k":"a"}}`, unknown, logic.Unknown, logic.Unknown},
		{`{"StringNotEqualsIfExists":{"k":"a"}}`, unknown, logic.Unknown, logic.Unknown},
		{`{"Null":{"k":"true"}}`, unknown, logic.Unknown, logic.Unknown},
		// text
		{`{"StringEquals":{"k":["b","a"]}}`, one("a"), logic.True, logic.True},
		{`{"StringEquals":{"k":"a*"}}`, one("ab"), logic.False, logic.False},
		{`{"StringNotEquals":{"k":["b","a"]}}`, one("a"), logic.False, logic.False},
		{`{"StringLike":{"k":["x","a*"]}}`, one("ab"), logic.True, logic.True},
		{`{"StringNotLike":{"k":"a*"}}`, one("ab"), logic.False, logic.False},
		{`{"StringEquals":{"K":"a"}}`, one("a"), logic.True, logic.True},
		{`{"StringEquals":{"k":[]}}`, one("a"), logic.False, logic.False},
		{`{"StringNotEquals":{"k":[]}}`, one("a"), logic.True, logic.True},
		{`{"StringEquals":{"k":1}}`, one("1"), logic.True, logic.True},
		{`{"StringEquals":{"k":true}}`, one("true"), logic.True, logic.True},
		{`{"stringequals":{"k":"a"}}`, one("a"), logic.Unknown, logic.Unknown},
		// sets
		{`{"StringEquals":{"k":"a"}}`, many("a"), logic.False, logic.False},
		{`{"StringNotEquals":{"k":"b"}}`, many("a"), logic.False, logic.False},
		{`{"StringNotEqualsIfExists":{"k":"b"}}`, many("a"), logic.False, logic.False},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, many("a", "b"), logic.True, logic.True},
		{`{"ForAllValues:StringEquals":{"k":["a","b"]}}`, many("a", "c"), logic.False, logic.False},
		{`{"ForAnyValue:StringEquals":{"k":["a","b"]}}`, many("a", "c"), logic.True, logic.True},
		{`{"ForAnyValue:StringNotEquals":{"k":"a"}}`, many("a", "c"), logic.True, logic.True},
		{`{"ForAnyValue:StringEquals":{"k":"a"}}`, one("a"), logic.True, logic.True},
		{`{"ForAllValues:StringEquals":{"k":"a"}}`, many(), logic.True, logic.True},
		{`{"ForAnyValue:StringEquals":{"k":"a"}}`, many(), logic.False, logic.False},
		{`{"StringNotEquals":{"k":"a"}}`, many(), logic.Unknown, logic.Unknown}, // absent or present
		{`{"Null":{"k":"true"}}`, many(), logic.Unknown, logic.Unknown},
		// literals that are none
		{`{"StringEquals":{"aws:TagKeys":"a"}}`, map[string]contextkey.Value{"aws:tagkeys": contextkey.One("a")}, logic.False, logic.False}, // a set of one
		{`{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}`, map[string]contextkey.Value{"aws:tagkeys": contextkey.One("a")}, logic.True, logic.True},
		{`{"NumericNotEquals":{"k":"NaN"}}`, one("1"), logic.True, logic.True},
		{`{"NumericNotEquals":{"k":"1"}}`, one("x"), logic.True, logic.True},
		{`{"NumericLessThan":{"k":"1"}}`, one("x"), logic.False, logic.False},
		{`{"NumericNotEquals":{"k":"1"}}`, one("١"), logic.Unknown, logic.Unknown},
		{`{"DateNotEquals":{"k":"x"}}`, one("x"), logic.True, logic.True},
		{`{"DateGreaterThan":{"k":"2030-01-01"}}`, one("2030"), logic.Unknown, logic.Unknown},
		{`{"IpAddress":{"k":"x"}}`, one("192.0.2.1"), logic.False, logic.Unknown},
		{`{"NotIpAddress":{"k":"x"}}`, one("192.0.2.1"), logic.Unknown, logic.Unknown},
		{`{"NotIpAddress":{"k":"192.0.2.0/24"}}`, one("x"), logic.False, logic.False},
		{`{"IpAddress":{"k":"2001:db8::5/64"}}`, one("2001:db8::5"), logic.False, logic.False},
		{`{"NotIpAddress":{"k":"2001:db8::5/64"}}`, one("2001:db8::5"), logic.Unknown, logic.Unknown},
		{`{"NotIpAddress":{"k":"2001:db8::/64"}}`, one("192.0.2.1"), logic.True, logic.True},
		{`{"BinaryEquals":{"k":"YQ"}}`, one("YQ"), logic.False, logic.False},
		{`{"Bool":{"k":"false"}}`, one("yes"), logic.True, logic.True},
		{`{"Bool":{"k":"TRUE"}}`, one("tRuE"), logic.True, logic.True},
		{`{"Null":{"k":"maybe"}}`, one("x"), logic.Unknown, logic.Unknown},
		{`{"Null":{"k":"false"}}`, many(), logic.Unknown, logic.Unknown},
		{`{"Null":{"k":"true"}}`, many(), logic.Unknown, logic.Unknown},
		// ARNs
		{`{"ArnLike":{"k":"arn:aws:iam::*:user/*"}}`, one(arn), logic.True, logic.True},
		{`{"ArnEquals":{"k":"arn:*:iam::111111111111:u*"}}`, one(arn), logic.True, logic.True},
		{`{"ArnLike":{"k":"arn:aws:*:user/u"}}`, one(arn), logic.False, logic.Unknown}, // too few fields
		{`{"ArnLike":{"k":"arn:aws:iam::*"}}`, one(arn), logic.Unknown, logic.Unknown},
		{`{"ArnLike":{"k":"*"}}`, one(arn), logic.True, logic.True},
		{`{"ArnNotLike":{"k":"*"}}`, one(arn), logic.False, logic.False},
		{`{"ArnLike":{"k":"ARN:aws:iam::*:user/*"}}`, one(arn), logic.False, logic.True}, // letter case: malformed
		{`{"ArnLike":{"k":"arn:AWS:iam::*:user/*"}}`, one(arn), logic.False, logic.False},
		{`{"ArnLike":{"k":"x"}}`, one(arn), logic.False, logic.True},
		{`{"ArnNotLike":{"k":"x"}}`, one(arn), logic.False, logic.True},
		{`{"ArnLike":{"k":["arn:aws:iam::*:user/u","x"]}}`, one(arn), logic.True, logic.True}, // an earlier match ends the trial
		{`{"ArnNotLike":{"k":["arn:aws:iam::*:user/u","x"]}}`, one(arn), logic.False, logic.False},
		{`{"ArnLike":{"k":["x","arn:aws:iam::*:user/u"]}}`, one(arn), logic.False, logic.True},
		{`{"ArnLike":{"k":"x"}}`, one("x"), logic.False, logic.False},
		{`{"ArnNotLike":{"k":"arn:aws:iam::*:user/u"}}`, one("x"), logic.False, logic.False},
		{`{"ArnLike":{"k":"arn:aws:s3:::b*"}}`, one("arn:aws:s3:::b/x:y"), logic.True, logic.True},
		{`{"ArnLike":{"k":"arn:aws:s3:*:b"}}`, one("arn:aws:s3:::b"), logic.False, logic.Unknown},
		// several operators and keys
		{`{"StringEquals":{"k":"a","j":"b"}}`, map[string]contextkey.Value{"k": contextkey.One("a"), "j": contextkey.One("b")}, logic.True, logic.True},
		{`{"StringEquals":{"k":"a","j":"b"}}`, one("a"), logic.False, logic.False},
		{`{"StringEquals":{"k":"b","j":"b"}}`, map[string]contextkey.Value{"k": contextkey.One("a"), "j": {}}, logic.False, logic.False},
		{`{"StringEquals":{"k":"a"},"Bool":{"j":"true"}}`, map[string]contextkey.Value{"k": contextkey.One("a"), "j": {}}, logic.Unknown, logic.Unknown},
	} {
		allow, deny := holds(t, "2012-10-17", c.condition, c.context)
		if allow != c.allow || deny != c.deny {
			t.Errorf("%s with %v: Allow %v, Deny %v; want %v, %v", c.condition, c.context, allow, deny, c.allow, c.deny)
		}
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	context := map[string]contextkey.Value{
		"aws:calledvia": contextkey.Many("a", "b"),
		"k":             contextkey.One("ana"), "star": contextkey.One("*"), "aws:username": contextkey.One("ana"), "set": contextkey.Many("ana"), "unknown": {}, "empty": contextkey.One(""),
		"arn": contextkey.One("arn:aws:iam::111111111111:role/ana"), "acct": contextkey.One("111111111111"), "word": contextkey.One("x"), "dollar": contextkey.One("$"), "text": contextkey.One("${aws:username}"),
	}
	for _, c := range []struct {
		version, condition string
		allow, deny        logic.Truth
	}{
		{"2012-10-17", `{"StringEquals":{"k":"${aws:username}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"${AWS:UserName}"}}`, logic.True, logic.True},
		{"2008-10-17", `{"StringEquals":{"k":"${aws:username}"}}`, logic.False, logic.False},
		{"2008-10-17", `{"StringEquals":{"text":"${aws:username}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"a${x, 'na'}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"${x,'ana'}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"${x}"}}`, logic.False, logic.False},
		{"2012-10-17", `{"StringNotEquals":{"k":"${x}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"${set, 'ana'}"}}`, logic.False, logic.False}, // never resolves
		{"2012-10-17", `{"StringNotEquals":{"k":"${set}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"k":"${unknown}"}}`, logic.Unknown, logic.Unknown},
		{"2012-10-17", `{"StringEquals":{"k":["${unknown}","ana"]}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"empty":"${empty}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringLike":{"k":"${star}"}}`, logic.False, logic.False}, // what a variable brings is literal
		{"2012-10-17", `{"StringLike":{"star":"${star}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringLike":{"k":"${*}"}}`, logic.False, logic.False},
		{"2012-10-17", `{"StringLike":{"star":"${*}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"star":"${*}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"dollar":"${$}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringLike":{"k":"${aws:username}*"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringLike":{"k":"b${unknown}"}}`, logic.False, logic.False}, // whatever it is
		{"2012-10-17", `{"StringLike":{"k":"a${unknown}"}}`, logic.Unknown, logic.Unknown},
		{"2012-10-17", `{"StringEqualsIgnoreCase":{"k":"A${x, 'NA'}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${acct}:role/${k}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"${arn}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"${word}"}}`, logic.False, logic.True},
		{"2012-10-17", `{"ArnNotLike":{"arn":"${word}"}}`, logic.False, logic.True},
		{"2012-10-17", `{"ArnNotLike":{"word":"${word}"}}`, logic.False, logic.False},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::*:role/${star}"}}`, logic.False, logic.False},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${unknown}:role/ana"}}`, logic.Unknown, logic.Unknown},
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${acct}*"}}`, logic.Unknown, logic.Unknown}, // may stand for what is missing
		{"2012-10-17", `{"ArnLike":{"arn":"arn:aws:iam::${acct}"}}`, logic.False, logic.True},       // too few fields: malformed
		{"2012-10-17", `{"ArnLike":{"arn":"xrn:aws:iam::${acct}:role/*"}}`, logic.False, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"axn:aws:iam::${acct}:role/*"}}`, logic.False, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"arx:aws:iam::${acct}:role/*"}}`, logic.False, logic.True},
		{"2012-10-17", `{"ArnLike":{"arn":"a:aws:iam::${acct}:role/*"}}`, logic.False, logic.True},
		{"2012-10-17", `{"StringEquals":{"empty":"${absent, ''}"}}`, logic.True, logic.True},
		{"2012-10-17", `{"StringEquals":{"empty":"${aws:CalledVia}"}}`, logic.False, logic.False}, // several values are no text
		{"2012-10-17", `{"StringEquals":{"empty":"${aws:CalledVia, ''}"}}`, logic.False, logic.False},
		{"2012-10-17", `{"Bool":{"k":"${k}"}}`, logic.Unknown, logic.Unknown},
		{"2012-10-17", `{"StringEquals":{"k":"${k"}}`, logic.Unknown, logic.Unknown}, // not understood
		{"2012-10-17", `{"StringEquals":{"k":"${k, ana}"}}`, logic.Unknown, logic.Unknown},
	} {
		allow, deny := holds(t, c.version, c.condition, context)
		if allow != c.allow || deny != c.deny {
			t.Errorf("%s %s: Allow %v, Deny %v; want %v, %v", c.version, c.condition, allow, deny, c.allow, c.deny)
		}
	}
}
