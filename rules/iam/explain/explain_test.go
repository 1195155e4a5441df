package explain_test

import (
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	level := func(target string, docs ...string) iam.Level {
		return iam.Level{Target: target, Layer: iamtest.Layer(policy.SCP, docs...)}
	}
	for _, c := range []struct {
		name string
		set  func(*iam.Request, *iam.Input)
		want string
	}{
		{"the bucket, not its objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("dst") },
			"the 1st statement of its policy 0 allows it only on `arn:aws:s3:::dst`, which is the bucket and not its objects (add `arn:aws:s3:::dst/k`)"},
		{"objects, not the bucket", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Identity = "s3:ListBucket", "arn:aws:s3:::dst", iamtest.Objects("dst/*")
		}, "the 1st statement of its policy 0 allows it only on `arn:aws:s3:::dst/*`, which is objects and not the bucket (add `arn:aws:s3:::dst`)"},
		{"other objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("other/*", "dst/logs/*") },
			"the 2nd statement of its policy 0 allows it only on `arn:aws:s3:::dst/logs/*`, which is other objects of the bucket (add `arn:aws:s3:::dst/k`)"},
		{"another bucket", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("other/*") },
			"the 1st statement of its policy 0 allows it only on `arn:aws:s3:::other/*`, not on `arn:aws:s3:::dst/k`"},
		{"another action", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Sid":"Put","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::dst/*"}]}`)
		}, "its policy 0 lacks s3:ReplicateObject (add it to statement Put)"},
		{"no policy", func(_ *iam.Request, in *iam.Input) {}, "it has no policy (add one that allows s3:ReplicateObject)"},
		{"only denies", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Statements(`!{"Bool":{"aws:k":"true"}}`) }, "its policy 0 allows nothing"},
		{"a condition", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2"]}}`)
			r.Context = map[string]contextkey.Value{"aws:sourcevpce": contextkey.One("vpce-9")}
		}, "the 1st statement of its policy 0 has a condition that does not hold, StringEquals aws:SourceVpce `vpce-1`, `vpce-2`: the request has `vpce-9`"},
		{"a condition on a key that is not sent", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`)
		},
			"the 1st statement of its policy 0 has a condition that does not hold, StringEquals aws:SourceVpce `vpce-1`: the request does not send this key"},
		{"an scp level", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.AllowEverything)
			in.SCPs = iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-x", iamtest.AllowNothing))
		}, "no statement of the SCP 0 on ou-x allows s3:ReplicateObject on `arn:aws:s3:::dst/k`"},
		{"an empty scp level", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(level("ou-x"))
		}, "no SCP is attached to ou-x (attach one that allows it: FullAWSAccess, or one of your own)"},
		{"another principal", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":["arn:aws:iam::111111111111:role/Other","333333333333"]}`)
		}, "statement Grant of the bucket policy of dst allows it only to `arn:aws:iam::111111111111:role/Other` and 1 more, not to `arn:aws:iam::111111111111:role/p/R`"},
		{"another path", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":["arn:aws:iam::111111111111:role/R"]}`)
		}, "statement Grant of the bucket policy of dst allows it only to `arn:aws:iam::111111111111:role/R`, which is the role with another path (write `arn:aws:iam::111111111111:role/p/R`)"},
		{"a deleted role", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":"AROAORPHANORPHANORPHA"}`)
		}, "statement Grant of the bucket policy of dst allows it only to `AROAORPHANORPHANORPHA`, which is the id of a role or user that was deleted, or of another one (write `arn:aws:iam::111111111111:role/p/R`)"},
		{"no bucket policy", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
		},
			"dst has no bucket policy, so only its own account may use it (add one that allows `arn:aws:iam::111111111111:role/p/R` s3:ReplicateObject)"},
		{"a key from abroad", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, r.ResourceAccount = "kms:PutKeyPolicy", "arn:aws:kms:eu-west-1:222222222222:key/k", "222222222222"
			in.Identity, in.Resource = iamtest.Identity(iamtest.AllowEverything), iamtest.Key(`{"AWS":"111111111111"}`)
		}, "no key can be used so from another account"},
		{"explicit denies", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.AllowEverything, iamtest.DenyEverything)
			in.SCPs = iam.OnPath(level("ou-x", iamtest.AllowEverything, iamtest.DenyEverything))
		}, "statement No of its policy 1 and statement No of the SCP 1 on ou-x deny it"},
		{"allowed", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowNothing, iamtest.AllowEverything)
			in.SCPs, in.Resource = iam.OnPath(level("ou-x", iamtest.AllowEverything)), iamtest.Bucket(`"*"`)
		}, "allowed by statement All of its policy 1, statement All of the SCP 0 on ou-x, statement Grant of the bucket policy of dst"},
		{"a part of a set", func(r *iam.Request, in *iam.Input) {
			r.Resource, r.ResourceIsGlob, in.Identity = "arn:aws:s3:::dst/logs/*", true, iamtest.Objects("dst/*", "!dst/*.tmp")
		}, "the 2nd statement of its policy 0 denies it; so for resources like `arn:aws:s3:::dst/logs/.tmp`"},
		{"NotAction", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}}`)
		}, "the 1st statement of its policy 0 leaves out s3:ReplicateObject by its NotAction"},
		{"the statement with the nearer condition", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:j":"1","aws:k":"1"}}`, `{"StringEquals":{"aws:j":"2","aws:k":"1"}}`)
			r.Context = map[string]contextkey.Value{"aws:j": contextkey.One("2"), "aws:k": contextkey.One("2")}
		}, "the 2nd statement of its policy 0 has a condition that does not hold, StringEquals aws:k `1`: the request has `2`"},
		{"a level of RCPs not read", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.RCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Target: "ou-x", Layer: iam.NotRead("throttled")})
		}, "unknown: the RCPs on ou-x were not read (throttled)"},
		{"a layer not read", func(_ *iam.Request, in *iam.Input) { in.Identity = iam.NotRead("iam:GetRole: AccessDenied") },
			"unknown: its policies were not read (iam:GetRole: AccessDenied)"},
		{"a level not read", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Target: "ou-x", Layer: iam.NotRead("throttled")})
		}, "unknown: the SCPs on ou-x were not read (throttled)"},
		{"a key not known", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{}`, `!{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)
			r.Context = iamtest.UnknownKeys("aws:sourcevpce")
		}, "unknown: it depends on aws:sourcevpce"},
		{"not documented", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"ForAnyValue:StringEqualsIfExists":{"aws:k":"a"}}`)
		},
			"unknown: what AWS makes of the 1st statement of its policy 0 is neither documented nor recorded"},
		{"an invalid document", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Identity(iamtest.EnDash) },
			"AWS would not store its policy 0: Version \"2012–10–17\" is neither 2012-10-17 nor 2008-10-17 (it has U+2013 at byte 4, U+2013 at byte 9); AWS refuses the document, so it cannot be in force (line 1)"},
		{"public bucket", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity, in.Resource, in.RestrictPublicBuckets = "222222222222", iamtest.Identity(iamtest.AllowEverything), iamtest.Bucket(`"*"`), logic.True
		}, "the bucket policy of dst is public, so RestrictPublicBuckets keeps callers of other accounts out"},
	} {
		req, in := iamtest.Put("111111111111", iamtest.Role), iamtest.Open()
		c.set(req, in)
		d := explain.Decide(req, in)
		if d.Message != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, d.Message, c.want)
		}
		// Words change nothing else.
		plain := iam.Decide(req, in)
		if plain.Result != d.Result || plain.Reason != d.Reason || plain.Layer != d.Layer || plain.Witness != d.Witness || plain.Message != "" {
			t.Errorf("%s: Decide says %+v, Explain %+v", c.name, plain, d)
		}
	}
}
