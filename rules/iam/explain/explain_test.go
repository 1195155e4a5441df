package explain_test

import (
	"strings"
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
		want []string
		not  string
	}{
		{"the bucket, not its objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("dst") },
			[]string{"implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Resource `arn:aws:s3:::dst` is the bucket, not its objects: `/*` is missing"}, ""},
		{"objects, not the bucket", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Identity = "s3:ListBucket", "arn:aws:s3:::dst", iamtest.Objects("dst/*")
		}, []string{"Resource `arn:aws:s3:::dst/*` is objects, not the bucket: `arn:aws:s3:::dst` is missing"}, ""},
		{"other objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("other/*", "dst/logs/*") },
			[]string{"statement 1 of 0", "`arn:aws:s3:::dst/logs/*` is other objects of the bucket"}, ""},
		{"another bucket", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("other/*") },
			[]string{"Resource `arn:aws:s3:::other/*` does not match `arn:aws:s3:::dst/k`"}, ""},
		{"another action", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Sid":"Put","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::dst/*"}]}`)
		}, []string{"nearest is statement Put of 0", "Action does not name s3:ReplicateObject"}, "Resource"},
		{"no policy", func(_ *iam.Request, in *iam.Input) {}, []string{"implicitly denied at identity: no policy is there"}, ""},
		{"only denies", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Statements(`!{"Bool":{"aws:k":"true"}}`) }, []string{"no statement allows anything"}, ""},
		{"a condition", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2"]}}`)
			r.Context = map[string]contextkey.Value{"aws:sourcevpce": contextkey.One("vpce-9")}
		}, []string{"Condition StringEquals aws:SourceVpce does not hold: the request has `vpce-9`, the policy `vpce-1`, `vpce-2`"}, ""},
		{"a condition on a key that is not sent", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`)
		},
			[]string{"aws:SourceVpce does not hold: the request does not send the key"}, ""},
		{"an scp level", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.AllowEverything)
			in.SCPs = iam.OnPath(level("r-root", iamtest.AllowEverything), level("ou-x", iamtest.AllowNothing))
		}, []string{"implicitly denied at scp level ou-x", "nearest is statement Else of 0 (scp:ou-x, line 1): Action does not name s3:ReplicateObject"}, ""},
		{"an empty scp level", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(level("ou-x"))
		}, []string{"implicitly denied at scp level ou-x: no policy is there"}, ""},
		{"another principal", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":["arn:aws:iam::111111111111:role/Other","333333333333"]}`)
		}, []string{"implicitly denied at resource", "Action matches, Principal `arn:aws:iam::111111111111:role/Other` and 1 more is not the caller `arn:aws:iam::111111111111:role/p/R`"}, ""},
		{"another path", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":["arn:aws:iam::111111111111:role/R"]}`)
		}, []string{"`arn:aws:iam::111111111111:role/R` has another path than the caller"}, ""},
		{"a deleted role", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
			in.Resource = iamtest.Bucket(`{"AWS":"AROAORPHANORPHANORPHA"}`)
		}, []string{"Principal `AROAORPHANORPHANORPHA` is the id of a role or user that was deleted"}, ""},
		{"no bucket policy", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowEverything)
		},
			[]string{"implicitly denied at resource: no policy is there"}, ""},
		{"a key from abroad", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, r.ResourceAccount = "kms:PutKeyPolicy", "arn:aws:kms:eu-west-1:222222222222:key/k", "222222222222"
			in.Identity, in.Resource = iamtest.Identity(iamtest.AllowEverything), iamtest.Key(`{"AWS":"111111111111"}`)
		}, []string{"implicitly denied at key: no key can be used so from another account"}, ""},
		{"explicit denies", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.AllowEverything, iamtest.DenyEverything)
			in.SCPs = iam.OnPath(level("ou-x", iamtest.AllowEverything, iamtest.DenyEverything))
		}, []string{"explicitly denied by statement No of 1 (identity, line 1) and by statement No of 1 (scp:ou-x, line 1)"}, ""},
		{"allowed", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity = "222222222222", iamtest.Identity(iamtest.AllowNothing, iamtest.AllowEverything)
			in.SCPs, in.Resource = iam.OnPath(level("ou-x", iamtest.AllowEverything)), iamtest.Bucket(`"*"`)
		}, []string{"allowed by statement All of 1 (identity, line 1), statement All of 0 (scp:ou-x, line 1), statement Grant of 0 (resource, line 1)"}, ""},
		{"a part of a set", func(r *iam.Request, in *iam.Input) {
			r.Resource, r.ResourceIsGlob, in.Identity = "arn:aws:s3:::dst/logs/*", true, iamtest.Objects("dst/*", "!dst/*.tmp")
		}, []string{"explicitly denied by statement 1 of 0", "so for resources like `arn:aws:s3:::dst/logs/.tmp`"}, ""},
		{"NotAction", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}}`)
		}, []string{"NotAction excludes s3:ReplicateObject"}, ""},
		{"the statement with the nearer condition", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:j":"1","aws:k":"1"}}`, `{"StringEquals":{"aws:j":"2","aws:k":"1"}}`)
			r.Context = map[string]contextkey.Value{"aws:j": contextkey.One("2"), "aws:k": contextkey.One("2")}
		}, []string{"nearest is statement 1 of 0", "Condition StringEquals aws:k does not hold: the request has `2`, the policy `1`"}, "aws:j"},
		{"a level of RCPs not read", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.RCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Target: "ou-x", Layer: iam.NotRead("throttled")})
		}, []string{"unknown: rcp:ou-x was not read (throttled)"}, ""},
		{"a layer not read", func(_ *iam.Request, in *iam.Input) { in.Identity = iam.NotRead("iam:GetRole: AccessDenied") },
			[]string{"unknown: identity was not read (iam:GetRole: AccessDenied)"}, ""},
		{"a level not read", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Target: "ou-x", Layer: iam.NotRead("throttled")})
		}, []string{"unknown: scp:ou-x was not read (throttled)"}, ""},
		{"a key not known", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{}`, `!{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`)
			r.Context = iamtest.UnknownKeys("aws:sourcevpce")
		}, []string{"unknown: it depends on aws:sourcevpce"}, ""},
		{"not documented", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"ForAnyValue:StringEqualsIfExists":{"aws:k":"a"}}`)
		},
			[]string{"unknown: what AWS makes of statement 0 of 0 (identity, line 1) is neither documented nor recorded"}, ""},
		{"an invalid document", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Identity(iamtest.EnDash) },
			[]string{"implicitly denied at identity", "AWS would not store a policy that takes part: policy 0: Version", "U+2013", "(line 1)"}, ""},
		{"public bucket", func(r *iam.Request, in *iam.Input) {
			r.ResourceAccount, in.Identity, in.Resource, in.RestrictPublicBuckets = "222222222222", iamtest.Identity(iamtest.AllowEverything), iamtest.Bucket(`"*"`), logic.True
		}, []string{"RestrictPublicBuckets keeps callers of other accounts out"}, ""},
	} {
		req, in := iamtest.Put("111111111111", iamtest.Role), iamtest.Open()
		c.set(req, in)
		d := explain.Decide(req, in)
		for _, w := range c.want {
			if !strings.Contains(d.Message, w) {
				t.Errorf("%s: %q lacks %q", c.name, d.Message, w)
			}
		}
		if c.not != "" && strings.Contains(d.Message, c.not) {
			t.Errorf("%s: %q has %q", c.name, d.Message, c.not)
		}
		// Words change nothing else.
		plain := iam.Decide(req, in)
		if plain.Result != d.Result || plain.Reason != d.Reason || plain.Layer != d.Layer || plain.Witness != d.Witness || plain.Message != "" {
			t.Errorf("%s: Decide says %+v, Explain %+v", c.name, plain, d)
		}
	}
}
