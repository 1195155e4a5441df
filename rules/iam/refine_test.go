package iam_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
)

func TestUnknownKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		policy iam.Layer
		keys   []string
		want   iam.Result
		matter []string // keys that remain unknown
	}{
		{"one of two", iamtest.Statements(`{"StringEquals":{"aws:k":"1"}}`, `{"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"a key of another service may be a set", iamtest.Statements(`{"StringEquals":{"x:k":"1"}}`, `{"StringNotEquals":{"x:k":"1"}}`), []string{"x:k"}, iam.Undecided, []string{"x:k"}},
		{"both at once", iamtest.Statements(`{"StringEquals":{"aws:k":"1"},"StringNotEquals":{"aws:k":["1","2"]}}`), []string{"aws:k"}, iam.Denied, nil},
		{"depends", iamtest.Statements(`{"StringEquals":{"aws:k":"1"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"anything will do", iamtest.Statements(`{"StringLikeIfExists":{"aws:k":"*"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"present or not", iamtest.Statements(`{"Null":{"aws:k":"true"}}`, `{"Null":{"aws:k":"false"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"globs cover", iamtest.Statements(`{"StringLike":{"aws:k":"a*"}}`, `{"StringNotLike":{"aws:k":"a?*"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"globs leave one", iamtest.Statements(`{"StringLike":{"aws:k":"a?*"}}`, `{"StringNotLike":{"aws:k":"a*"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"case covers", iamtest.Statements(`{"StringEqualsIgnoreCase":{"aws:k":"Key"}}`, `{"StringNotEqualsIgnoreCase":{"aws:k":"kEY"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"case leaves variants", iamtest.Statements(`{"StringEquals":{"aws:k":["Key"]}}`, `{"StringNotEqualsIgnoreCase":{"aws:k":"key"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"kelvin", iamtest.Statements(`{"StringNotEqualsIgnoreCase":{"aws:k":"k"}}`, `{"StringEquals":{"aws:k":["k","K"]}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"numbers meet", iamtest.Statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"NumericGreaterThanEquals":{"aws:k":"5.0"}}`, `{"NumericNotEquals":{"aws:k":"5"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"numbers leave a gap", iamtest.Statements(`{"NumericLessThanEqualsIfExists":{"aws:k":"5"}}`, `{"NumericGreaterThanEquals":{"aws:k":"6"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"dates meet", iamtest.Statements(`{"DateLessThan":{"aws:currenttime":"2030-01-01"}}`, `{"DateGreaterThanEquals":{"aws:currenttime":"2030-01-01T00:00:00Z"}}`, `{"DateNotEquals":{"aws:currenttime":"2030-01-01"}}`), []string{"aws:currenttime"}, iam.Allowed, nil},
		{"dates in turn", iamtest.Statements(`{"DateLessThan":{"aws:currenttime":"2029-01-01"},"DateGreaterThan":{"aws:currenttime":"2030-01-01"}}`), []string{"aws:currenttime"}, iam.Denied, nil},
		{"addresses meet", iamtest.Statements(`{"IpAddress":{"aws:sourceip":["0.0.0.0/1","128.0.0.0/1","::/0"]}}`, `{"Null":{"aws:sourceip":"true"}}`), []string{"aws:sourceip"}, iam.Undecided, []string{"aws:sourceip"}},
		{"no address is in two blocks", iamtest.Statements(`{"IpAddress":{"aws:sourceip":"10.0.0.0/8"},"IpAddressIfExists":{"aws:sourceip":"192.168.0.0/16"}}`), []string{"aws:sourceip"}, iam.Denied, nil},
		{"truth", iamtest.Statements(`{"Bool":{"aws:k":"true"}}`, `{"BoolIfExists":{"aws:k":"false"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"truth and text", iamtest.Statements(`{"Bool":{"aws:k":"true"}}`, `{"StringNotEquals":{"aws:k":["true"]}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"kinds that do not mix", iamtest.Statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"StringEquals":{"aws:k":"x"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"sets meet", iamtest.Statements(`{"ForAnyValue:StringEquals":{"aws:tagkeys":"a"}}`, `{"ForAllValues:StringNotEquals":{"aws:tagkeys":"a"}}`), []string{"aws:tagkeys"}, iam.Allowed, nil},
		{"sets overlap", iamtest.Statements(`{"ForAllValues:StringEquals":{"aws:tagkeys":"a"}}`, `{"ForAllValues:StringNotEquals":{"aws:tagkeys":"a"}}`), []string{"aws:tagkeys"}, iam.Undecided, []string{"aws:tagkeys"}},
		{"two keys", iamtest.Statements(`{"StringEquals":{"aws:j":"1","aws:k":"1"}}`, `{"StringNotEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:j":"1"},"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:j", "aws:k"}, iam.Allowed, nil},
		{"a key that never matters", iamtest.Statements(`{"StringEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:j":"1","aws:k":"1"}}`), []string{"aws:j", "aws:k"}, iam.Undecided, []string{"aws:j"}},
		{"a Deny", iamtest.Statements(`{}`, `!{"StringNotEquals":{"aws:sourcevpce":"vpce-1"}}`), []string{"aws:sourcevpce"}, iam.Undecided, []string{"aws:sourcevpce"}},
		{"a Deny that cannot bite", iamtest.Statements(`{}`, `!{"StringEquals":{"aws:k":"1"},"StringNotEquals":{"aws:k":"1"}}`), []string{"aws:k"}, iam.Allowed, nil},
		{"only another ARN will do", iamtest.Statements(`{"ArnNotLike":{"aws:k":"arn:aws:iam::111111111111:role/x"},"Null":{"aws:k":"false"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"one instant only", iamtest.Statements(`{"DateEquals":{"aws:k":"2030-01-01T00:00:00Z"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"between two instants", iamtest.Statements(`{"DateGreaterThan":{"aws:k":"2029-01-01"},"DateLessThan":{"aws:k":"2030-01-01"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"between two numbers", iamtest.Statements(`{"NumericGreaterThan":{"aws:k":"1"},"NumericLessThan":{"aws:k":"2"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"between two numbers close to each other", iamtest.Statements(`{"NumericGreaterThan":{"aws:k":"1.00001"},"NumericLessThan":{"aws:k":"1.00002"}}`), []string{"aws:k"}, iam.Undecided, []string{"aws:k"}},
		{"above and below all numbers", iamtest.Statements(`{"NumericGreaterThan":{"aws:k":"2"}}`, `!{"NumericGreaterThanEquals":{"aws:k":"1"}}`), []string{"aws:k"}, iam.Denied, nil},
		{"only addresses behind the block", iamtest.Statements(`{"IpAddress":{"aws:sourceip":"0.0.0.0/0"},"NotIpAddress":{"aws:sourceip":"0.0.0.0/1"}}`), []string{"aws:sourceip"}, iam.Undecided, []string{"aws:sourceip"}},
		{"variable", iamtest.Statements(`{"StringEquals":{"aws:j":"${aws:k}"}}`), []string{"aws:j", "aws:k"}, iam.Undecided, []string{"aws:j", "aws:k"}},
		{"variable and another key", iamtest.Statements(`{"StringNotEquals":{"aws:j":"${aws:k}"}}`, `{"StringEquals":{"aws:j":"${aws:k}"}}`), []string{"aws:j", "aws:k"}, iam.Undecided, []string{"aws:j", "aws:k"}},
	} {
		in := iamtest.Open()
		in.Identity = c.policy
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Context = iamtest.UnknownKeys(c.keys...)
		d := explain.Decide(req, in)
		if d.Result != c.want || !slices.Equal(d.UnknownKeys, c.matter) {
			t.Errorf("%s: %v %q, want %v %q (%s; allow %v, deny %v)", c.name, d.Result, d.UnknownKeys, c.want, c.matter, d.Message, d.AllowWhen, d.DenyWhen)
		}
	}
}

// TestKnownVariables: a variable that is known is not among the keys that would have to be known.
func TestKnownVariables(t *testing.T) {
	t.Parallel()
	in := iamtest.Open()
	in.Identity = iamtest.Objects(`dst/${aws:username} if {"StringEquals":{"aws:k":"1","aws:j":["${aws:username}","x${aws:username}"]}}`)
	req := iamtest.Put("111111111111", iamtest.Role)
	req.Context = map[string]contextkey.Value{"aws:username": contextkey.One("k"), "aws:k": {}, "aws:j": contextkey.One("xk")}
	d := iam.Decide(req, in)
	if d.Result != iam.Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:k"}) || d.AllowWhen["aws:k"] != "1" || len(d.AllowWhen) != 1 {
		t.Errorf("%+v", d)
	}
}

// TestWitnesses: the assignments that are shown do what they say.
func TestWitnesses(t *testing.T) {
	t.Parallel()
	for i, policy := range []iam.Layer{
		iamtest.Statements(`{"StringLike":{"aws:k":"a?*b"}}`),
		iamtest.Statements(`{}`, `!{"StringNotEquals":{"aws:k":"vpce-1"}}`),
		iamtest.Statements(`{}`, `!{"Null":{"aws:k":"false"}}`),
		iamtest.Statements(`{"NumericGreaterThan":{"aws:k":"5"}}`),
		iamtest.Statements(`{"DateGreaterThan":{"aws:k":"2030-01-01"}}`),
		iamtest.Statements(`{"IpAddress":{"aws:k":"10.0.0.0/8"}}`),
		iamtest.Statements(`{"StringEquals":{"aws:k":"${aws:j}"}}`),
		iamtest.Statements(`{"NumericLessThan":{"aws:k":"5"}}`, `{"StringEquals":{"aws:k":"x"}}`),
	} {
		in := iamtest.Open()
		in.Identity = policy
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Context = iamtest.UnknownKeys("aws:j", "aws:k")
		d := iam.Decide(req, in)
		if d.AllowWhen == nil || d.DenyWhen == nil {
			t.Errorf("policy %d: no witnesses: %+v", i, d)
			continue
		}
		for want, when := range map[iam.Result]map[string]string{iam.Allowed: d.AllowWhen, iam.Denied: d.DenyWhen} {
			known := *req
			known.Context = map[string]contextkey.Value{}
			for k, v := range when {
				if v != iam.NotSent {
					known.Context[k] = contextkey.One(v)
				}
			}
			if got := iam.Decide(&known, in); got.Result != want {
				t.Errorf("policy %d: %v gives %v, want %v", i, when, got.Result, want)
			}
		}
	}
}

func TestUnknownCaller(t *testing.T) {
	t.Parallel()
	in := iamtest.Open()
	in.Resource = iamtest.Bucket(`{"AWS":"AROAROLEROLEROLEROLE1"}`)
	if d := iam.Decide(iamtest.Put("111111111111", iamtest.RoleWithoutPath), in); d.Result != iam.Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:userid"}) {
		t.Errorf("%+v", d)
	}
	// A statement about other actions does not make the id matter.
	in.Resource = iamtest.Bucket(`{"AWS":"222222222222"}`, `{"Effect":"Allow","Principal":{"AWS":"AROAROLEROLEROLEROLE1"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::dst"}`)
	in.Identity = iamtest.Statements(`{"StringEquals":{"aws:k":"1"}}`)
	req := iamtest.Put("111111111111", iamtest.RoleWithoutPath)
	req.Context = iamtest.UnknownKeys("aws:k")
	if d := iam.Decide(req, in); d.Result != iam.Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:k"}) {
		t.Errorf("%+v", d)
	}
	in = iamtest.Open()
	in.Identity = iamtest.Identity(iamtest.AllowEverything)
	if d := iam.Decide(iamtest.Put("", iamtest.Role), in); d.Result != iam.Undecided || !slices.Equal(d.UnknownKeys, []string{"aws:resourceaccount"}) {
		t.Errorf("%+v", d)
	}
}

// TestImplicitBeatsExplicit: where some values meet a Deny and the others no
// Allow, no single Deny is to blame.
func TestImplicitBeatsExplicit(t *testing.T) {
	t.Parallel()
	in := iamtest.Open()
	in.Identity = iamtest.Statements(`!{"StringEquals":{"aws:k":"1"}}`)
	req := iamtest.Put("111111111111", iamtest.Role)
	req.Context = iamtest.UnknownKeys("aws:k")
	if d := iam.Decide(req, in); d.Result != iam.Denied || d.Reason != iam.ReasonImplicitDeny {
		t.Errorf("%+v", d)
	}
}

// TestUnknownIsBounded: many keys, many values, and still an answer soon.
func TestUnknownIsBounded(t *testing.T) {
	t.Parallel()
	var conditions []string
	keys := map[string]contextkey.Value{}
	for i := range 300 {
		var ops []string
		for j := range 6 {
			k := fmt.Sprintf("aws:k%d", (i*7+j*11)%40)
			keys[k] = contextkey.Value{}
			ops = append(ops, fmt.Sprintf(`%q:["a%d","b*","*c%d*"]`, k, i, j))
		}
		conditions = append(conditions, fmt.Sprintf(`{"StringLike":{%s}}`, strings.Join(ops, ",")))
	}
	in := iamtest.Open()
	in.Identity = iamtest.Statements(conditions...)
	req := iamtest.Put("111111111111", iamtest.Role)
	req.Context = keys
	start := time.Now()
	d := explain.Decide(req, in)
	t.Log(time.Since(start))
	if d.Result != iam.Undecided || len(d.UnknownKeys) == 0 {
		t.Errorf("%v %v", d.Result, slices.Sorted(maps.Keys(keys)))
	}
}
