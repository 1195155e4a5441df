package iam_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/policy"
)

func TestSets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		glob    string
		policy  iam.Layer
		want    iam.Result
		witness string
	}{
		{"one statement covers", "dst/logs/*", iamtest.Objects("dst/*"), iam.Allowed, ""},
		{"the very glob", "dst/logs/*", iamtest.Objects("dst/logs/*"), iam.Allowed, ""},
		{"capitals in the key", "dst/Logs/*", iamtest.Objects("dst/L*"), iam.Allowed, ""},
		{"a part", "dst/logs/*", iamtest.Objects("dst/logs/2026/*"), iam.Denied, "arn:aws:s3:::dst/logs/"},
		{"elsewhere", "dst/logs/*", iamtest.Objects("dst/images/*"), iam.Denied, ""},
		{"the bucket only", "dst/*", iamtest.Objects("dst"), iam.Denied, ""},
		{"union of two", "dst/*", iamtest.Objects("dst/a*", "~dst/a*"), iam.Allowed, ""},
		{"union with a hole", "dst/*", iamtest.Objects("dst/?a*", "dst/", "dst/?", "~dst/?*"), iam.Denied, "arn:aws:s3:::dst/xx"},
		{"union of lengths", "dst/*", iamtest.Objects("dst/", "dst/?", "dst/??*"), iam.Allowed, ""},
		{"a Deny by suffix", "dst/logs/*", iamtest.Objects("dst/*", "!dst/*.tmp"), iam.Denied, "arn:aws:s3:::dst/logs/.tmp"},
		{"a Deny elsewhere", "dst/logs/*", iamtest.Objects("dst/*", "!dst/secret/*"), iam.Allowed, ""},
		{"a Deny of all others", "dst/logs/*", iamtest.Objects("dst/*", "!~dst/logs/*"), iam.Allowed, ""},
		{"a Deny of some others", "dst/*", iamtest.Objects("dst/*", "!~dst/logs/*"), iam.Denied, "arn:aws:s3:::dst/"},
		{"prefix with a literal star", "dst/" + contextkey.EscapeGlob("a*b/") + "*", iamtest.Objects("dst/a${*}b/*"), iam.Allowed, ""},
		{"prefix with a literal star, pattern without", "dst/" + contextkey.EscapeGlob("a*b/") + "*", iamtest.Objects("dst/axb/*"), iam.Denied, ""},
		{"wildcard of the glob is not the literal", "dst/a*b/*", iamtest.Objects("dst/a${*}b/*"), iam.Denied, "arn:aws:s3:::dst/ab/"},
		{"an unknown variable leaves doubt", "dst/*", iamtest.Objects("dst/${unknown}*"), iam.Undecided, ""},
		{"an unknown variable elsewhere", "dst/*", iamtest.Objects("dst/*", "!src/${unknown}"), iam.Allowed, ""},
		{"an unknown variable that may deny", "dst/*", iamtest.Objects("dst/*", "!dst/${unknown}/x"), iam.Undecided, "arn:aws:s3:::dst//x"},
		{"an absent variable denies nothing", "dst/*", iamtest.Objects("dst/*", "!dst/${absent}/x"), iam.Allowed, ""},
		{"conditions by part", "dst/*", iamtest.Objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, "~dst/a*"), iam.Undecided, "arn:aws:s3:::dst/a"},
		{"conditions that meet", "dst/*", iamtest.Objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, `dst/* if {"StringNotEquals":{"aws:k":"1"}}`, "~dst/a*"), iam.Allowed, ""},
		{"some object whatever the key", "dst/*", iamtest.Objects(`dst/a* if {"StringEquals":{"aws:k":"1"}}`, `~dst/a* if {"StringNotEquals":{"aws:k":"1"}}`), iam.Denied, "arn:aws:s3:::dst/a"},
		{"short pattern", "dst/*", iamtest.Identity(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3*"}}`), iam.Allowed, ""},
		{"no ARN", "", iamtest.Objects("dst/*"), iam.Undecided, ""},
		{"characters of two units", "dst/\U00010400*", iamtest.Objects("dst/??*"), iam.Allowed, ""},
		{"one ? for a character of two units", "dst/\U00010400", iamtest.Objects("dst/?"), iam.Denied, ""},
	} {
		in := iamtest.Open()
		in.Identity = c.policy
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Resource, req.ResourceIsGlob = "arn:aws:s3:::"+c.glob, true
		if c.glob == "" {
			req.Resource = "dst/*"
		}
		req.Context = iamtest.UnknownKeys("unknown", "aws:k")
		d := explain.Decide(req, in)
		if d.Result != c.want || d.Witness != c.witness {
			t.Errorf("%s: %v %q, want %v %q (%s)", c.name, d.Result, d.Witness, c.want, c.witness, d.Message)
		}
		if d.Witness != "" && !strings.Contains(d.Message, "resources like `"+d.Witness+"`") {
			t.Errorf("%s: the message does not name %s: %s", c.name, d.Witness, d.Message)
		}
	}
}

// TestSetsOverLayers: what each layer allows of a set need not be the same
// statements, but all of them must allow all of it.
func TestSetsOverLayers(t *testing.T) {
	t.Parallel()
	in := iamtest.Open()
	in.Identity = iamtest.Objects("dst/a*", "~dst/a*")
	in.SCPs = iam.OnPath(iam.Level{Target: "r", Layer: iamtest.Layer(policy.SCP, iamtest.AllowEverything)}, iam.Level{Target: "ou", Layer: iamtest.Layer(policy.SCP,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::dst/b*"]}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","NotResource":["arn:aws:s3:::dst/b*"]}}`)})
	in.Resource = iamtest.Layer(policy.Bucket, `{"Version":"2012-10-17","Statement":[
		{"Sid":"X","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":["arn:aws:s3:::dst/c*"]},
		{"Sid":"Y","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","NotResource":["arn:aws:s3:::dst/c*"]}]}`)
	req := iamtest.Put("222222222222", iamtest.Role)
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
	d := explain.Decide(req, in)
	if d.Result != iam.Allowed {
		t.Fatalf("%+v", d)
	}
	// The chain names all statements that it takes.
	for _, s := range []iam.Statement{{Layer: "identity", Index: 0}, {Layer: "identity", Index: 1}, {Layer: "resource", Index: 0}, {Layer: "resource", Index: 1}, {Layer: "scp:r"}, {Layer: "scp:ou"}} {
		if !slices.ContainsFunc(d.Deciding, func(g iam.Statement) bool { return g.Layer == s.Layer && g.Index == s.Index }) {
			t.Errorf("the chain lacks statement %d of %s: %s", s.Index, s.Layer, d.Message)
		}
	}
	in.SCPs = iam.OnPath(iam.Level{Target: "r", Layer: iamtest.Layer(policy.SCP, `{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::dst/z*"}}`)})
	if d := explain.Decide(req, in); d.Result != iam.Denied || d.Layer != "scp:r" || d.Witness != "arn:aws:s3:::dst/z" {
		t.Errorf("%+v", d)
	}
}

func TestSetsAreBounded(t *testing.T) {
	t.Parallel()
	var r []string
	for i := range 14 {
		r = append(r, "dst/*"+strings.Repeat("?", i)+"a"+strings.Repeat("?", 14-i))
	}
	in := iamtest.Open()
	in.Identity = iamtest.Objects(append(r, "dst/*")...)
	req := iamtest.Put("111111111111", iamtest.Role)
	req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
	if d := iam.Decide(req, in); d.Result != iam.Undecided || !strings.Contains(d.Message, "too many parts") {
		t.Errorf("%v %s", d.Result, d.Message)
	}
}

func TestEach(t *testing.T) {
	t.Parallel()
	key := func(condition string) iam.Layer {
		return iamtest.Layer(policy.Key, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/p/R"},"Action":"kms:*","Resource":"*","Condition":`+condition+`}]}`)
	}
	const k = "kms:encryptioncontext:aws:s3:arn"
	for _, c := range []struct {
		Condition, glob string
		want            iam.Result
		witness         string
	}{
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}}`, "arn:aws:s3:::src/logs/*", iam.Allowed, ""},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src/logs/a*"]}}`, "arn:aws:s3:::src/logs/*", iam.Denied, "arn:aws:s3:::src/logs/"},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst/*"]}}`, "arn:aws:s3:::src/logs/*", iam.Denied, ""},
		{`{"ArnLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src/*"]}}`, "arn:aws:s3:::src/logs/*", iam.Allowed, ""},
		{`{"StringEquals":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src"]}}`, "arn:aws:s3:::src", iam.Allowed, ""},
		{`{"Null":{"kms:EncryptionContext:aws:s3:arn":"false"}}`, "arn:aws:s3:::src/logs/*", iam.Allowed, ""},
		{`{"StringEquals":{"aws:PrincipalTag/x":"${kms:EncryptionContext:aws:s3:arn}"}}`, "arn:aws:s3:::src/logs/*", iam.Undecided, ""},
		{`{"NumericEquals":{"kms:EncryptionContext:aws:s3:arn":"1"}}`, "arn:aws:s3:::src/logs/*", iam.Undecided, ""},
		{`{"StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::src/*"}}`, "arn:aws:s3:::src/${bad}", iam.Undecided, ""},
	} {
		in := iamtest.Open()
		in.Resource = key(c.Condition)
		req := &iam.Request{Principal: iamtest.Role, Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-1:111111111111:key/k", ResourceAccount: "111111111111",
			Context: map[string]contextkey.Value{k: contextkey.Each(c.glob)}}
		if strings.Contains(c.Condition, "PrincipalTag") {
			req.Context["aws:principaltag/x"] = contextkey.One("x")
		}
		if d := explain.Decide(req, in); d.Result != c.want || d.Witness != c.witness {
			t.Errorf("%s, each %s: %v %q, want %v %q (%s)", c.Condition, c.glob, d.Result, d.Witness, c.want, c.witness, d.Message)
		}
	}
}

// TestSetIsDecidedByItsWorst: a request for many objects is denied if one of them is
// denied, and allowed only if all are allowed; its witness is an object for which
// the answer, its layer and its statements are those of the set.
func TestSetIsDecidedByItsWorst(t *testing.T) {
	t.Parallel()
	var objects []string
	for _, a := range []string{"", "a", "b", "x", "/"} {
		for _, b := range []string{"", "a", "b", "x", "/"} {
			for _, c := range []string{"", "a", "x"} {
				objects = append(objects, "arn:aws:s3:::dst/"+a+b+c)
			}
		}
	}
	rng := rand.New(rand.NewPCG(33, 0))
	patterns := []string{"dst/*", "dst/a*", "dst/*b", "~dst/a*", "dst/?", "dst/", "dst/${unknown}a", "dst/b${unknown}", "!dst/a?", "!dst/*x", "!dst/${unknown}b", "!~dst/*a*", "!dst/b*"}
	some := func(n int) (all []string) {
		for range n {
			all = append(all, patterns[rng.IntN(len(patterns))])
		}
		return all
	}
	seen := map[iam.Result]int{}
	for range 400 {
		first, second := some(1+rng.IntN(4)), some(rng.IntN(4))
		in := iamtest.Open()
		in.Identity = iamtest.Objects(append(first, "dst/*")...)
		in.Boundary = iamtest.Objects(append(second, "~dst/ab*")...)
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Context = iamtest.UnknownKeys("unknown")
		one := func(object string) iam.Decision {
			r := *req
			r.Resource = object
			return iam.Decide(&r, in)
		}
		count := map[iam.Result]int{}
		for _, o := range objects {
			count[one(o).Result]++
		}
		req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
		d := iam.Decide(req, in)
		seen[d.Result]++
		where := strings.Join(first, " ") + " under " + strings.Join(second, " ")
		switch {
		case count[iam.Denied] > 0 && d.Result != iam.Denied, count[iam.Undecided] > 0 && d.Result == iam.Allowed:
			t.Errorf("%s: %v, of the objects %v", where, d.Result, count)
		case d.Result == iam.Denied && (d.Witness == "") != (count[iam.Denied] == len(objects)):
			t.Errorf("%s: the witness is %q, of the objects %v", where, d.Witness, count)
		}
		if d.Witness == "" {
			continue
		}
		w := one(d.Witness)
		statements := func(a, b iam.Statement) bool { return a.Layer == b.Layer && a.Index == b.Index }
		if w.Result != d.Result || w.Reason != d.Reason || w.Layer != d.Layer || !slices.EqualFunc(w.Deciding, d.Deciding, statements) {
			t.Errorf("%s: %v %s at %q for all, %v %s at %q for the witness %s", where, d.Result, d.Reason, d.Layer, w.Result, w.Reason, w.Layer, d.Witness)
		}
		for _, o := range objects {
			if d.Result == iam.Denied && len(o) < len(d.Witness) && one(o).Result == iam.Denied {
				t.Errorf("%s: %s is denied and shorter than the witness %s", where, o, d.Witness)
			}
		}
	}
	if seen[iam.Denied] < 50 || seen[iam.Undecided] < 5 || seen[iam.Allowed] < 5 {
		t.Errorf("the policies are too alike: %v", seen)
	}
}

// TestSetNamesTheDeny: of a set some of which a statement denies, and others no statement
// allows, the Deny is named, in whatever order the statements are.
func TestSetNamesTheDeny(t *testing.T) {
	t.Parallel()
	for _, statements := range [][]string{{"dst/b*", "dst/a*", "!dst/a*"}, {"!dst/a*", "dst/a*", "dst/b*"}, {"dst/a*", "dst/c", "!dst/a*"}} {
		in := iamtest.Open()
		in.Identity = iamtest.Objects(statements...)
		req := iamtest.Put("111111111111", iamtest.Role)
		req.Resource, req.ResourceIsGlob = "arn:aws:s3:::dst/*", true
		if d := iam.Decide(req, in); d.Reason != iam.ReasonExplicitDeny || d.Witness != "arn:aws:s3:::dst/a" {
			t.Errorf("%v: %s at %s", statements, d.Reason, d.Witness)
		}
	}
}

// TestOverlapOfPrefixes: the short way says what the automaton does.
func TestOverlapOfPrefixes(t *testing.T) {
	t.Parallel()
	resources := []string{"*", "arn:aws:s3:::dst", "arn:aws:s3:::dst/*", "arn:aws:s3:::dst/a*", "arn:aws:s3:::dst/a", "arn:aws:s3:::d*", "arn:aws:s3:::src/*", "arn:aws:s3:::dst/a/b*"}
	for _, glob := range []string{"arn:aws:s3:::dst/*", "arn:aws:s3:::dst/a*", "arn:aws:s3:::dst/a/*"} {
		for i, one := range resources {
			for _, two := range resources[i:] {
				in := iamtest.Open()
				in.Identity = iamtest.Identity(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":["` + one + `","` + two + `"]}}`)
				of := func(glob string) iam.Overlap {
					req := iamtest.Put("111111111111", iamtest.Role)
					req.Resource, req.ResourceIsGlob = glob, true
					var e iam.Evaluation
					e.Examine(req, in)
					var o iam.Overlap
					e.EachPolicy(func(_ iam.Place, p *policy.Policy) { o = e.Overlap(&p.Compiled()[0], policy.Identity) })
					return o
				}
				// "**" means what "*" does, and takes the long way.
				if short, long := of(glob), of(glob+"*"); short != long {
					t.Errorf("%s, %s under %s: %v, by the automaton %v", one, two, glob, short, long)
				}
			}
		}
	}
}
