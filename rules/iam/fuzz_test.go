package iam

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

var fuzzDocuments = []string{
	allowEverything, denyEverything, enDash, allowNothing, "{", "", "%7B%22Statement%22%3A%5B%5D%7D",
	`{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","NotPrincipal":{"AWS":["111111111111","AROAROLEROLEROLEROLE1"]},"NotAction":["s3:Get*"],"NotResource":["arn:aws:s3:::b/${aws:username, 'x'}/*"],"Condition":{"ForAnyValue:StringNotLikeIfExists":{"aws:TagKeys":["a?*","\u00e9"]},"NumericLessThan":{"s3:max-keys":1e1},"Null":{"k":true}}}]}`,
	`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"ArnNotLike":{"aws:SourceArn":["arn:aws:sns:*:111111111111:x","x"]},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::5/64"]},"DateGreaterThan":{"aws:CurrentTime":"2030-01-01"},"StringEqualsIgnoreCase":{"a":"ΟΣ"},"Bool":{"aws:SecureTransport":"false"},"BinaryEquals":{"b":"YQ=="}}}]}`,
	`{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
}

// FuzzParse: any bytes give a policy, with diagnostics inside the document.
func FuzzParse(f *testing.F) {
	for _, d := range fuzzDocuments {
		for kind := range ResourcePolicy + 1 {
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

// FuzzMatch: three matchers agree, and none hangs.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"*", "a"}, {"a*?b", "a\U00010400b"}, {"arn:aws:s3:::b/*", "arn:aws:s3:::b/k"}, {"?", "é"}, {"*a*a*", "aaa"}, {"\xff", "\xfe"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 200 || len(s) > 1000 {
			return
		}
		got := Match(pattern, s)
		if want := matchTokens(tokens(pattern), s); got != want {
			t.Errorf("Match(%q, %q) = %v, the automaton says %v", pattern, s, got, want)
		}
		if ascii(pattern) && ascii(s) && matchBytes(pattern, s) != got {
			t.Errorf("Match(%q, %q) = %v, byte by byte it is otherwise", pattern, s, got)
		}
		if esc, problem := globTokens(GlobEscape(s)); problem != "" || !matchTokens(esc, s) {
			t.Errorf("GlobEscape(%q) = %q does not match it: %s", s, GlobEscape(s), problem)
		}
		// A region that is found has the bits that its witness says.
		e := &evaluation{}
		p := [][]token{tokens(pattern), arnTokens(tokens(pattern))}
		if found, ok := e.regions([]token{tokRun}, p); ok {
			for _, r := range found {
				if bitsOf(p, r.witness) != r.bits {
					t.Errorf("%q: %q is not in region %q", pattern, r.witness, r.bits)
				}
			}
		}
	})
}

// FuzzDecide: no documents and no context make it panic, hang, or contradict itself.
func FuzzDecide(f *testing.F) {
	for i, d := range fuzzDocuments {
		f.Add(d, fuzzDocuments[(i+3)%len(fuzzDocuments)], "s3:ReplicateObject", "arn:aws:s3:::b/k*", "aws:TagKeys=a\naws:SourceIp=\nk", uint64(i))
	}
	f.Fuzz(func(t *testing.T, identity, resource, action, arn, context string, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		callers := []Principal{callerRole, callerNoPath, callerUser, callerRoot, callerFederated, callerS3, Anonymous(), {}}
		layers := func(kind Kind, doc string) Layer {
			switch rng.IntN(4) {
			case 0:
				return Policies()
			case 1:
				return NotRead("x")
			}
			return layerOf(kind, doc)
		}
		levels := func(kind Kind, doc string) Levels {
			switch rng.IntN(4) {
			case 0:
				return NotApplicable()
			case 1:
				return Levels{}
			}
			return OnPath(Level{"r", layers(kind, doc)}, Level{"ou", layers(kind, doc)})
		}
		req := &Request{
			Principal: callers[rng.IntN(len(callers))], Action: action, Resource: arn, ResourceIsGlob: rng.IntN(2) == 0,
			ResourceAccount: []string{"111111111111", "222222222222", ""}[rng.IntN(3)], Context: map[string]Value{},
		}
		for _, line := range strings.Split(context, "\n") {
			key, value, known := strings.Cut(line, "=")
			v := One(value)
			switch {
			case !known:
				v = Value{}
			case rng.IntN(4) == 0:
				v = Many(strings.Split(value, ",")...)
			case rng.IntN(4) == 0:
				v = Each(value)
			}
			req.Context[lowerKey(key)] = v
		}
		kind := []Kind{BucketPolicy, KeyPolicy, TrustPolicy, ResourcePolicy}[rng.IntN(4)]
		in := &Input{
			Identity: layers(IdentityPolicy, identity), Boundary: layers(BoundaryPolicy, identity), Session: layers(SessionPolicy, identity),
			SCPs: levels(SCP, identity), RCPs: levels(RCP, resource), Resource: layers(kind, resource),
			Grants: Truth(rng.IntN(3)), RestrictPublicBuckets: Truth(rng.IntN(3)),
		}
		d := Explain(req, in)
		if plain := Decide(req, in); plain.Result != d.Result || plain.Reason != d.Reason {
			t.Errorf("Decide says %v, Explain %v", plain, d)
		}
		if d.Message == "" || (d.Result == Undecided) != (d.Reason == reasonUnknown || d.Reason == reasonInvalid && d.Layer == "") {
			t.Errorf("%+v", d)
		}
		if d.Result == Allowed && len(d.Errors) > 0 {
			t.Errorf("allowed with %+v", d.Errors)
		}
		if d.Result != Undecided || req.ResourceIsGlob {
			return
		}
		for want, when := range map[Result]map[string]string{Allowed: d.AllowWhen, Denied: d.DenyWhen} {
			if when == nil || strings.Contains(context, ",") {
				continue
			}
			known := *req
			known.Context = map[string]Value{}
			for k, v := range req.Context {
				known.Context[k] = v
			}
			multi := false
			for k, v := range when {
				known.Context[k] = One(v) // a key of several values takes it as a set
				if v == NotSent {
					known.Context[k] = Absent()
				}
				multi = multi || Multivalued(k) == Unknown
			}
			if got := Decide(&known, in); !multi && got.Result != want {
				t.Errorf("%v gives %v, not %v", when, got.Result, want)
			}
		}
	})
}
