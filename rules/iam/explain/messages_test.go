package explain_test

import (
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/policy"
)

// TestMessages compares whole messages.
func TestMessages(t *testing.T) {
	t.Parallel()
	unreadable := iam.NotRead("AccessDenied")
	for _, c := range []struct {
		name string
		set  func(*iam.Request, *iam.Input)
		want string
	}{
		{"boundary", func(_ *iam.Request, in *iam.Input) { in.Boundary = unreadable }, "unknown: its permissions boundary was not read (AccessDenied)"},
		{"session", func(_ *iam.Request, in *iam.Input) { in.Session = unreadable }, "unknown: its session policy was not read (AccessDenied)"},
		{"scp", func(_ *iam.Request, in *iam.Input) { in.SCPs = iam.LevelsNotRead("throttled") }, "unknown: the SCPs over its account were not read (throttled)"},
		{"rcp", func(_ *iam.Request, in *iam.Input) { in.RCPs = iam.LevelsNotRead("throttled") }, "unknown: the RCPs over the owner were not read (throttled)"},
		{"level of two", func(_ *iam.Request, in *iam.Input) {
			in.RCPs = iam.OnPath(iam.Level{Target: "a", Layer: iam.NotRead("one")}, iam.Level{Target: "b", Layer: iam.NotRead("two")})
		}, "unknown: the RCPs on a were not read (one); the RCPs on b were not read (two)"},
		{"resource", func(_ *iam.Request, in *iam.Input) { in.Resource = unreadable }, "unknown: the bucket policy was not read (AccessDenied)"},
		{"key", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k", unreadable
		}, "unknown: the key policy was not read (AccessDenied)"},
		{"trust", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Resource = "sts:AssumeRole", "arn:aws:iam::111111111111:role/R", unreadable
		}, "unknown: the trust policy was not read (AccessDenied)"},
		{"IAM itself", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "iam:DeletePolicy", "arn:aws:iam::aws:policy/AdministratorAccess"
			in.Identity, in.Resource = iamtest.Statements("{}"), iam.Policies()
		}, "unknown: AWS keeps its managed policies and the roles of its services from changes, whatever policies allow"},
		{"same reason", func(_ *iam.Request, in *iam.Input) { in.Boundary, in.Session = unreadable, unreadable },
			"unknown: its permissions boundary and its session policy were not read (AccessDenied)"},
		{"keys and layers", func(r *iam.Request, in *iam.Input) {
			in.Boundary = iam.NotRead("")
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:k":"1"}}`)
			r.Context = iamtest.UnknownKeys("aws:j", "aws:k")
		}, "unknown: it depends on aws:j, aws:k; its permissions boundary was not read"},
		{"two resources", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Sid":"S","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::src/*","arn:aws:s3:::other/*"]}}`)
		}, "statement S of its policy 0 allows it only on `arn:aws:s3:::src/*` and 1 more, not on `arn:aws:s3:::dst/k`"},
		{"other objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("dst/a*") },
			"the 1st statement of its policy 0 allows it only on `arn:aws:s3:::dst/a*`, which is other objects of the bucket (add `arn:aws:s3:::dst/k`)"},
		{"another partition", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws-cn:s3:::dst/*"}}`)
		}, "the 1st statement of its policy 0 allows it only on `arn:aws-cn:s3:::dst/*`, which is in another partition: aws-cn, not aws"},
		{"NotResource", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("~dst/*") },
			"the 1st statement of its policy 0 leaves out `arn:aws:s3:::dst/k` by its NotResource `arn:aws:s3:::dst/*`"},
		{"the service's action before another's", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`)
		}, "no statement of its policy 0 allows s3:ReplicateObject on `arn:aws:s3:::dst/k`"},
		{"the first of two alike", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("x/*", "y/*") },
			"the 1st statement of its policy 0 allows it only on `arn:aws:s3:::x/*`, not on `arn:aws:s3:::dst/k`"},
		{"the account of a key", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, r.ResourceAccount = "kms:Decrypt", "arn:aws:kms:eu-west-1:222222222222:key/k", "222222222222"
			in.Identity, in.Resource = iamtest.Identity(iamtest.AllowNothing), iamtest.Key(`{"AWS":"111111111111"}`)
		}, "no statement of its policy 0 allows kms:Decrypt on `arn:aws:kms:eu-west-1:222222222222:key/k`"},
		{"a key policy without Resource", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k"
			in.Resource = iamtest.Layer(policy.Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`)
		}, "the 1st statement of the policy of the key arn:aws:kms:eu-west-1:111111111111:key/k has no Resource"},
		{"a key that the account may give", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k"
			in.Resource = iamtest.Layer(policy.Key, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:Encrypt","Resource":"*"}}`)
		}, "the policy of the key arn:aws:kms:eu-west-1:111111111111:key/k lacks kms:Decrypt (add it to the 1st statement)"},
		{"an absent key", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:k":["1","2","3","4"]}}`)
		}, "the 1st statement of its policy 0 has a condition that does not hold, StringEquals aws:k `1`, `2`, `3` …: the request does not send this key"},
		{"many values", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"ForAnyValue:StringEquals":{"aws:TagKeys":["1","2","3","4"]}}`)
			r.Context = map[string]contextkey.Value{"aws:tagkeys": contextkey.Many("a", "b", "c")}
		}, "the 1st statement of its policy 0 has a condition that does not hold, ForAnyValue:StringEquals aws:TagKeys `1`, `2`, `3` …: the request has `a`, `b`, `c`"},
		{"a Deny beside a document that is not valid", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.EnDash, iamtest.DenyEverything)
		},
			"statement No of its policy 1 denies it"},
		{"another service", func(r *iam.Request, in *iam.Input) {
			r.Principal, in.Resource = iamtest.S3, iamtest.Bucket(`{"Service":"ec2.amazonaws.com"}`)
		}, "statement Grant of the bucket policy of dst allows it only to `ec2.amazonaws.com`, not to `s3.amazonaws.com`"},
		{"a level without a name", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Layer: iamtest.Layer(policy.SCP)})
		}, "no SCP is attached to a level above the account (attach one that allows it: FullAWSAccess, or one of your own)"},
	} {
		req, in := iamtest.Put("111111111111", iamtest.Role), iamtest.Open()
		in.Identity = iamtest.Identity(iamtest.AllowEverything)
		c.set(req, in)
		if d := explain.Decide(req, in); d.Message != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, d.Message, c.want)
		}
	}
}

// TestDeniesComeFirst: of the undecided statements those that may deny are listed first.
func TestDeniesComeFirst(t *testing.T) {
	t.Parallel()
	in := iamtest.Open()
	in.Identity = iamtest.Statements(`{"StringEquals":{"aws:k":"1"}}`, `!{"StringEquals":{"aws:j":"1"}}`)
	req := iamtest.Put("111111111111", iamtest.Role)
	req.Context = iamtest.UnknownKeys("aws:j", "aws:k")
	d := explain.Decide(req, in)
	if len(d.Deciding) != 2 || d.Deciding[0].Index != 1 || d.Deciding[1].Index != 0 {
		t.Errorf("%+v", d.Deciding)
	}
}
