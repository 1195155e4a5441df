package iam

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// objects makes an identity policy of Allow statements on resources; ! makes a
// Deny, ~ a NotResource.
func objects(resources ...string) Layer {
	var s []string
	for _, r := range resources {
		effect, member := "Allow", "Resource"
		r, deny := strings.CutPrefix(r, "!")
		if deny {
			effect = "Deny"
		}
		r, other := strings.CutPrefix(r, "~")
		if other {
			member = "NotResource"
		}
		condition := ""
		if name, c, ok := strings.Cut(r, " if "); ok {
			r, condition = name, `,"Condition":`+c
		}
		s = append(s, fmt.Sprintf(`{"Effect":%q,"Action":"s3:*",%q:"arn:aws:s3:::%s"%s}`, effect, member, r, condition))
	}
	return identityLayer(`{"Version":"2012-10-17","Statement":[` + strings.Join(s, ",") + `]}`)
}

func TestSets(t *testing.T) {
	for _, c := range []struct {
		name    string
		glob    string
		policy  Layer
		want    Result
		witness string
	}{
		{"one statement covers", "dst/logs/*", objects("dst/*"), Allowed, ""},
		{"the very glob", "dst/logs/*", objects("dst/logs/*"), Allowed, ""},
		{"a part", "dst/logs/*", objects("dst/logs/2026/*"), Denied, "arn:aws:s3:::dst/logs/"},
		{"elsewhere", "dst/logs/*", objects("dst/images/*"), Denied, ""},
		{"the bucket only", "dst/*", objects("dst"), Denied, ""},
		{"union of two", "dst/*", objects("dst/a*", "~dst/a*"), Allowed, ""},
		{"union with a hole", "dst/*", objects("dst/?a*", "dst/", "dst/?", "~dst/?*"), Denied, "arn:aws:s3:::dst/xx"},
		{"union of lengths", "dst/*", objects("dst/", "dst/?", "dst/??*"), Allowed, ""},
		{"a Deny by suffix", "dst/logs/*", objects("dst/*", "!dst/*.tmp"), Denied, "arn:aws:s3:::dst/logs/.tmp"},
		{"a Deny elsewhere", "dst/logs/*", objects("dst/*", "!dst/secret/*"), Allowed, ""},
		{"a Deny of all others", "dst/logs/*", objects("dst/*", "!~dst/logs/*"), Allowed, ""},
		{"a Deny of some others", "dst/*", objects("dst/*", "!~dst/logs/*"), Denied, "arn:aws:s3:::dst/"},
		{"prefix with a literal star", "dst/" + GlobEscape("a*b/") + "*", objects("dst/a${*}b/*"), Allowed, ""},
		{"prefix with a literal star, pattern without", "dst/" + GlobEscape("a*b/") + "*", objects("dst/axb/*"), Denied, ""},
		{"wildcard of the glob is not the literal", "dst/a*b/*", objects("dst/a${*}b/*"), Denied, "arn:aws:s3:::dst/ab/"},
		{"an unknown variable leaves doubt", "dst/*", objects("dst/${unknown}*"), Undecided, ""},
		{"an unknown variable elsewhere", "dst/*", objects("dst/*", "!src/${unknown}"), Allowed, ""},
		{"an unknown variable that may deny", "dst/*", objects("dst/*", "!dst/${unknown}/x"), Undecided, "arn:aws:s3:::dst//x"},
		{"an absent variable denies nothing", "dst/*", objects("dst/*", "!dst/${absent}/x"), Allowed, ""},
		{"conditions by part", "dst/*", objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, "~dst/a*"), Undecided, "arn:aws:s3:::dst/a"},
		{"conditions that meet", "dst/*", objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, `dst/* if {"StringNotEquals":{"aws:k":"1"}}`, "~dst/a*"), Allowed, ""},
		{"some object whatever the key", "dst/*", objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, `~dst/a* if {"StringNotEquals":{"aws:k":"1"}}`), Denied, "arn:aws:s3:::dst/a"},
		{"short pattern", "dst/*", identityLayer(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3*"}}`), Allowed, ""},
		{"no ARN", "", objects("dst/*"), Undecided, ""},
		{"characters of two units", "dst/\U00010400*", objects("dst/??*"), Allowed, ""},
		{"one ? for a character of two units", "dst/\U00010400", objects("dst/?"), Denied, ""},
	} {
		in := open()
		in.Identity = c.policy
		req := put("111111111111", callerRole)
		req.Resource, req.ResourceIsGlob = "arn:aws:s3:::"+c.glob, true
		if c.glob == "" {
			req.Resource = "dst/*"
		}
		req.Context = unknownKeys("unknown", "aws:k")
		d := Explain(req, in)
		if d.Result != c.want || d.Witness != c.witness {
			t.Errorf("%s: %v %q, want %v %q (%s)", c.name, d.Result, d.Witness, c.want, c.witness, d.Message)
		}
	}
}

// TestSetsOverLayers: what each layer allows of a set need not be the same
// statements, but all of them must allow all of it.
func TestSetsOverLayers(t *testing.T) {
	in := open()
	in.Identity = objects("dst/a*", "~dst/a*")
	in.SCPs = OnPath(Level{"r", layerOf(SCP, allowEverything)}, Level{"ou", layerOf(SCP,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::dst/b*"]}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","NotResource":["arn:aws:s3:::dst/b*"]}}`)})
	in.Resource = layerOf(BucketPolicy, `{"Version":"2012-10-17","Statement":[
		{"Sid":"X","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":["arn:aws:s3:::dst/c*"]},
		{"Sid":"Y","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","NotResource":["arn:aws:s3:::dst/c*"]}]}`)
	req := put("222222222222", callerRole)
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
	d := Explain(req, in)
	if d.Result != Allowed {
		t.Fatalf("%+v", d)
	}
	// The chain names all statements that it takes.
	for _, s := range []Statement{{Layer: "identity", Index: 0}, {Layer: "identity", Index: 1}, {Layer: "resource", Index: 0}, {Layer: "resource", Index: 1}, {Layer: "scp:r"}, {Layer: "scp:ou"}} {
		if !slices.ContainsFunc(d.Deciding, func(g Statement) bool { return g.Layer == s.Layer && g.Index == s.Index }) {
			t.Errorf("the chain lacks statement %d of %s: %s", s.Index, s.Layer, d.Message)
		}
	}
	in.SCPs = OnPath(Level{"r", layerOf(SCP, `{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::dst/z*"}}`)})
	if d := Explain(req, in); d.Result != Denied || d.Layer != "scp:r" || d.Witness != "arn:aws:s3:::dst/z" {
		t.Errorf("%+v", d)
	}
}

func TestSetsAreBounded(t *testing.T) {
	var r []string
	for i := range 14 {
		r = append(r, "dst/*"+strings.Repeat("?", i)+"a"+strings.Repeat("?", 14-i))
	}
	in := open()
	in.Identity = objects(append(r, "dst/*")...)
	req := put("111111111111", callerRole)
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
	if d := Decide(req, in); d.Result != Undecided || d.Message != tooMany {
		t.Errorf("%v %s", d.Result, d.Message)
	}
}

func TestEach(t *testing.T) {
	key := func(condition string) Layer {
		return layerOf(KeyPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/p/R"},"Action":"kms:*","Resource":"*","Condition":`+condition+`}]}`)
	}
	const k = "kms:encryptioncontext:aws:s3:arn"
	for _, c := range []struct {
		condition, glob string
		want            Result
		witness         string
	}{
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}}`, "arn:aws:s3:::src/logs/*", Allowed, ""},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src/logs/a*"]}}`, "arn:aws:s3:::src/logs/*", Denied, "arn:aws:s3:::src/logs/"},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst/*"]}}`, "arn:aws:s3:::src/logs/*", Denied, ""},
		{`{"ArnLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src/*"]}}`, "arn:aws:s3:::src/logs/*", Allowed, ""},
		{`{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src"]}}`, "arn:aws:s3:::src", Allowed, ""},
		{`{"Null":{"kms:EncryptionContext:aws:s3:arn":"false"}}`, "arn:aws:s3:::src/logs/*", Allowed, ""},
		{`{"StringEquals":{"aws:PrincipalTag/x":"${kms:EncryptionContext:aws:s3:arn}"}}`, "arn:aws:s3:::src/logs/*", Undecided, ""},
		{`{"NumericEquals":{"kms:EncryptionContext:aws:s3:arn":"1"}}`, "arn:aws:s3:::src/logs/*", Undecided, ""},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}}`, "arn:aws:s3:::src/${bad}", Undecided, ""},
	} {
		in := open()
		in.Resource = key(c.condition)
		req := &Request{Principal: callerRole, Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:111111111111:key/k", ResourceAccount: "111111111111",
			Context: map[string]Value{k: Each(c.glob), "aws:principaltag/x": One("x")}}
		if d := Explain(req, in); d.Result != c.want || d.Witness != c.witness {
			t.Errorf("%s, each %s: %v %q, want %v %q (%s)", c.condition, c.glob, d.Result, d.Witness, c.want, c.witness, d.Message)
		}
	}
}
