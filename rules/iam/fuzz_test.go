package iam_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

var fuzzDocuments = []string{
	iamtest.AllowEverything, iamtest.DenyEverything, iamtest.EnDash, iamtest.AllowNothing, "{", "", "%7B%22Statement%22%3A%5B%5D%7D",
	`{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","NotPrincipal":{"AWS":["111111111111","AROAROLEROLEROLEROLE1"]},"NotAction":["s3:Get*"],"NotResource":["arn:aws:s3:::b/${aws:username, 'x'}/*"],"Condition":{"ForAnyValue:StringNotLikeIfExists":{"aws:TagKeys":["a?*","\u00e9"]},"NumericLessThan":{"s3:max-keys":1e1},"Null":{"k":true}}}]}`,
	`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"ArnNotLike":{"aws:SourceArn":["arn:aws:sns:*:111111111111:x","x"]},"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::5/64"]},"DateGreaterThan":{"aws:CurrentTime":"2030-01-01"},"StringEqualsIgnoreCase":{"a":"ΟΣ"},"Bool":{"aws:SecureTransport":"false"},"BinaryEquals":{"b":"YQ=="}}}]}`,
	`{"Statement":{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}}`,
}

// FuzzDecide: no documents and no context make it panic, hang, or contradict itself.
func FuzzDecide(f *testing.F) {
	for i, d := range fuzzDocuments {
		f.Add(d, fuzzDocuments[(i+3)%len(fuzzDocuments)], "s3:ReplicateObject", "arn:aws:s3:::b/k*", "aws:TagKeys=a\naws:SourceIp=\nk", uint64(i))
	}
	f.Fuzz(func(t *testing.T, identity, resource, action, arn, context string, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		callers := []principal.Caller{iamtest.Role, iamtest.RoleWithoutPath, iamtest.User, iamtest.Root, iamtest.Federated, iamtest.S3, principal.Anonymous(), {}}
		layers := func(kind policy.Kind, doc string) iam.Layer {
			switch rng.IntN(4) {
			case 0:
				return iam.Policies()
			case 1:
				return iam.NotRead("x")
			}
			return iamtest.Layer(kind, doc)
		}
		levels := func(kind policy.Kind, doc string) iam.Levels {
			switch rng.IntN(4) {
			case 0:
				return iam.NotApplicable()
			case 1:
				return iam.Levels{}
			}
			return iam.OnPath(iam.Level{Target: "r", Layer: layers(kind, doc)}, iam.Level{Target: "ou", Layer: layers(kind, doc)})
		}
		req := &iam.Request{
			Principal: callers[rng.IntN(len(callers))], Action: action, Resource: arn, ResourceIsGlob: rng.IntN(2) == 0,
			ResourceAccount: []string{"111111111111", "222222222222", ""}[rng.IntN(3)], Context: map[string]contextkey.Value{},
		}
		for _, line := range strings.Split(context, "\n") {
			key, value, known := strings.Cut(line, "=")
			v := contextkey.One(value)
			switch {
			case !known:
				v = contextkey.Value{}
			case rng.IntN(4) == 0:
				v = contextkey.Many(strings.Split(value, ",")...)
			case rng.IntN(4) == 0:
				v = contextkey.Each(value)
			}
			req.Context[contextkey.Lower(key)] = v
		}
		kind := []policy.Kind{policy.Bucket, policy.Key, policy.Trust, policy.Resource}[rng.IntN(4)]
		in := &iam.Input{
			Identity: layers(policy.Identity, identity), Boundary: layers(policy.Boundary, identity), Session: layers(policy.Session, identity),
			SCPs: levels(policy.SCP, identity), RCPs: levels(policy.RCP, resource), Resource: layers(kind, resource),
			Grants: logic.Truth(rng.IntN(3)), RestrictPublicBuckets: logic.Truth(rng.IntN(3)),
		}
		d := explain.Decide(req, in)
		if plain := iam.Decide(req, in); plain.Result != d.Result || plain.Reason != d.Reason {
			t.Errorf("Decide says %v, Explain %v", plain, d)
		}
		if d.Message == "" || (d.Result == iam.Undecided) != (d.Reason == iam.ReasonUnknown || d.Reason == iam.ReasonInvalid && d.Layer == "") {
			t.Errorf("%+v", d)
		}
		if d.Result == iam.Allowed && len(d.Errors) > 0 {
			t.Errorf("allowed with %+v", d.Errors)
		}
		if d.Result != iam.Undecided || req.ResourceIsGlob {
			return
		}
		for want, when := range map[iam.Result]map[string]string{iam.Allowed: d.AllowWhen, iam.Denied: d.DenyWhen} {
			if when == nil || strings.Contains(context, ",") {
				continue
			}
			known := *req
			known.Context = map[string]contextkey.Value{}
			for k, v := range req.Context {
				known.Context[k] = v
			}
			multi := false
			for k, v := range when {
				known.Context[k] = contextkey.One(v) // a key of several values takes it as a set
				if v == iam.NotSent {
					known.Context[k] = contextkey.Absent()
				}
				multi = multi || catalog.Multivalued(k) == logic.Unknown
			}
			if got := iam.Decide(&known, in); !multi && got.Result != want {
				t.Errorf("%v gives %v, not %v", when, got.Result, want)
			}
		}
	})
}
