package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// statements makes an identity policy of statements whose conditions are given;
// one that begins with ! is of a Deny.
func statements(conditions ...string) Layer {
	var s []string
	for _, c := range conditions {
		effect := "Allow"
		if rest, deny := strings.CutPrefix(c, "!"); deny {
			effect, c = "Deny", rest
		}
		s = append(s, fmt.Sprintf(`{"Effect":%q,"Action":"*","Resource":"*","Condition":%s}`, effect, c))
	}
	return layerOf(SessionPolicy, `{"Version":"2012-10-17","Statement":[`+strings.Join(s, ",")+`]}`)
}

func unknownKeys(keys ...string) map[string]Value {
	m := map[string]Value{}
	for _, k := range keys {
		m[k] = Value{}
	}
	return m
}

func TestUnknownKeys(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Layer
		keys   []string
		want   Result
		matter []string // keys that remain unknown
	}{
		{"one of two", statements(`{"StringEquals":{"aws:k":"1"}}`, `{"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:k"}, Allowed, nil},
		{"a key of another service may be a set", statements(`{"StringEquals":{"x:k":"1"}}`, `{"StringNotEquals":{"x:k":"1"}}`), []string{"x:k"}, Undecided, []string{"x:k"}},
		{"both at once", statements(`{"StringEquals":{"aws:k":"1"},"StringNotEquals":{"aws:k":["1","2"]}}`), []string{"aws:k"}, Denied, nil},
		{"depends", statements(`{"StringEquals":{"aws:k":"1"}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"anything will do", statements(`{"StringLikeIfExists":{"aws:k":"*"}}`), []string{"aws:k"}, Allowed, nil},
		{"present or not", statements(`{"Null":{"aws:k":"true"}}`, `{"Null":{"aws:k":"false"}}`), []string{"aws:k"}, Allowed, nil},
		{"globs cover", statements(`{"StringLike":{"aws:k":"a*"}}`, `{"StringNotLike":{"aws:k":"a?*"}}`), []string{"aws:k"}, Allowed, nil},
		{"globs leave one", statements(`{"StringLike":{"aws:k":"a?*"}}`, `{"StringNotLike":{"aws:k":"a*"}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"case covers", statements(`{"StringEqualsIgnoreCase":{"aws:k":"Key"}}`, `{"StringNotEqualsIgnoreCase":{"aws:k":"kEY"}}`), []string{"aws:k"}, Allowed, nil},
		{"case leaves variants", statements(`{"StringEquals":{"aws:k":["Key"]}}`, `{"StringNotEqualsIgnoreCase":{"aws:k":"key"}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"kelvin", statements(`{"StringNotEqualsIgnoreCase":{"aws:k":"k"}}`, `{"StringEquals":{"aws:k":["k","K"]}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"numbers meet", statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"NumericGreaterThanEquals":{"aws:k":"5.0"}}`, `{"NumericNotEquals":{"aws:k":"5"}}`), []string{"aws:k"}, Allowed, nil},
		{"numbers leave a gap", statements(`{"NumericLessThanEqualsIfExists":{"aws:k":"5"}}`, `{"NumericGreaterThanEquals":{"aws:k":"6"}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"dates meet", statements(`{"DateLessThan":{"aws:currenttime":"2030-01-01"}}`, `{"DateGreaterThanEquals":{"aws:currenttime":"2030-01-01T00:00:00Z"}}`, `{"DateNotEquals":{"aws:currenttime":"2030-01-01"}}`), []string{"aws:currenttime"}, Allowed, nil},
		{"dates in turn", statements(`{"DateLessThan":{"aws:currenttime":"2029-01-01"},"DateGreaterThan":{"aws:currenttime":"2030-01-01"}}`), []string{"aws:currenttime"}, Denied, nil},
		{"addresses meet", statements(`{"IpAddress":{"aws:sourceip":["0.0.0.0/1","128.0.0.0/1","::/0"]}}`, `{"Null":{"aws:sourceip":"true"}}`), []string{"aws:sourceip"}, Undecided, []string{"aws:sourceip"}},
		{"no address is in two blocks", statements(`{"IpAddress":{"aws:sourceip":"10.0.0.0/8"},"IpAddressIfExists":{"aws:sourceip":"192.168.0.0/16"}}`), []string{"aws:sourceip"}, Denied, nil},
		{"truth", statements(`{"Bool":{"aws:k":"true"}}`, `{"BoolIfExists":{"aws:k":"false"}}`), []string{"aws:k"}, Allowed, nil},
		{"truth and text", statements(`{"Bool":{"aws:k":"true"}}`, `{"StringNotEquals":{"aws:k":["true"]}}`), []string{"aws:k"}, Allowed, nil},
		{"kinds that do not mix", statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"StringEquals":{"aws:k":"x"}}`), []string{"aws:k"}, Undecided, []string{"aws:k"}},
		{"sets meet", statements(`{"ForAnyValue:StringEquals":{"aws:tagkeys":"a"}}`, `{"ForAllValues:StringNotEquals":{"aws:tagkeys":"a"}}`), []string{"aws:tagkeys"}, Allowed, nil},
		{"sets overlap", statements(`{"ForAllValues:StringEquals":{"aws:tagkeys":"a"}}`, `{"ForAllValues:StringNotEquals":{"aws:tagkeys":"a"}}`), []string{"aws:tagkeys"}, Undecided, []string{"aws:tagkeys"}},
		{"two keys", statements(`{"StringEquals":{"aws:j":"1","aws:k":"1"}}`, `{"StringNotEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:j":"1"},"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:j", "aws:k"}, Allowed, nil},
		{"a key that never matters", statements(`{"StringEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:j":"1","aws:k":"1"}}`), []string{"aws:j", "aws:k"}, Undecided, []string{"aws:j"}},
		{"a Deny", statements(`{}`, `!{"StringNotEquals":{"aws:sourcevpce":"vpce-1"}}`), []string{"aws:sourcevpce"}, Undecided, []string{"aws:sourcevpce"}},
		{"a Deny that cannot bite", statements(`{}`, `!{"StringEquals":{"aws:k":"1"},"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:k"}, Allowed, nil},
		{"variable", statements(`{"StringEquals":{"aws:j":"${aws:k}"}}`), []string{"aws:j", "aws:k"}, Undecided, []string{"aws:j", "aws:k"}},
		{"variable and another key", statements(`{"StringNotEquals":{"aws:j":"${aws:k}"}}`, `{"StringEquals":{"aws:j":"${aws:k}"}}`), []string{"aws:j", "aws:k"}, Undecided, []string{"aws:j", "aws:k"}},
	} {
		in := open()
		in.Identity = c.policy
		req := put("111111111111", callerRole)
		req.Context = unknownKeys(c.keys...)
		d := Explain(req, in)
		if d.Result != c.want || !slices.Equal(d.UnknownKeys, c.matter) {
			t.Errorf("%s: %v %q, want %v %q (%s; allow %v, deny %v)", c.name, d.Result, d.UnknownKeys, c.want, c.matter, d.Message, d.AllowWhen, d.DenyWhen)
		}
	}
}

// TestWitnesses: the assignments that are shown do what they say.
func TestWitnesses(t *testing.T) {
	for _, policy := range []Layer{
		statements(`{"StringLike":{"aws:k":"a?*b"}}`),
		statements(`{}`, `!{"StringNotEquals":{"aws:k":"vpce-1"}}`),
		statements(`{}`, `!{"Null":{"aws:k":"false"}}`),
		statements(`{"NumericGreaterThan":{"aws:k":"5"}}`),
		statements(`{"DateGreaterThan":{"aws:k":"2030-01-01"}}`),
		statements(`{"IpAddress":{"aws:k":"10.0.0.0/8"}}`),
		statements(`{"StringEquals":{"aws:k":"${aws:j}"}}`),
		statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"StringEquals":{"aws:k":"x"}}`),
	} {
		in := open()
		in.Identity = policy
		req := put("111111111111", callerRole)
		req.Context = unknownKeys("aws:j", "aws:k")
		d := Decide(req, in)
		if d.AllowWhen == nil || d.DenyWhen == nil {
			t.Errorf("%s: no witnesses: %+v", policy.policies[0].src, d)
			continue
		}
		for want, when := range map[Result]map[string]string{Allowed: d.AllowWhen, Denied: d.DenyWhen} {
			known := *req
			known.Context = map[string]Value{}
			for k, v := range when {
				if v != NotSent {
					known.Context[k] = One(v)
				}
			}
			if got := Decide(&known, in); got.Result != want {
				t.Errorf("%s: %v gives %v, want %v", policy.policies[0].src, when, got.Result, want)
			}
		}
	}
}

func TestUnknownCaller(t *testing.T) {
	in := open()
	in.Resource = bucketPolicy(`{"AWS":"AROAROLEROLEROLEROLE1"}`)
	if d := Decide(put("111111111111", callerNoPath), in); d.Result != Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:userid"}) {
		t.Errorf("%+v", d)
	}
	in = open()
	in.Identity = identityLayer(allowEverything)
	if d := Decide(put("", callerRole), in); d.Result != Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:resourceaccount"}) {
		t.Errorf("%+v", d)
	}
}

// TestImplicitBeatsExplicit: where some values meet a Deny and the others no
// Allow, no single Deny is to blame.
func TestImplicitBeatsExplicit(t *testing.T) {
	in := open()
	in.Identity = statements(`!{"StringEquals":{"aws:k":"1"}}`)
	req := put("111111111111", callerRole)
	req.Context = unknownKeys("aws:k")
	if d := Decide(req, in); d.Result != Denied || d.Reason != reasonImplicitDeny {
		t.Errorf("%+v", d)
	}
}

// TestUnknownIsBounded: many keys, many values, and still an answer soon.
func TestUnknownIsBounded(t *testing.T) {
	var conditions []string
	keys := map[string]Value{}
	for i := range 300 {
		var ops []string
		for j := range 6 {
			k := fmt.Sprintf("aws:k%d", (i*7+j*11)%40)
			keys[k] = Value{}
			ops = append(ops, fmt.Sprintf(`%q:["a%d","b*","*c%d*"]`, k, i, j))
		}
		conditions = append(conditions, fmt.Sprintf(`{"StringLike":{%s}}`, strings.Join(ops, ",")))
	}
	in := open()
	in.Identity = statements(conditions...)
	req := put("111111111111", callerRole)
	req.Context = keys
	start := time.Now()
	d := Explain(req, in)
	t.Log(time.Since(start))
	if d.Result != Undecided || len(d.UnknownKeys) == 0 {
		t.Errorf("%v %v", d.Result, slices.Sorted(maps.Keys(keys)))
	}
}

func TestMultivalued(t *testing.T) {
	for key, want := range map[string]Truth{"aws:TagKeys": True, "aws:SourceVpce": False, "kms:EncryptionContextKeys": True, "s3:prefix": False, "saml:aud": Unknown} {
		if got := Multivalued(key); got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
}
