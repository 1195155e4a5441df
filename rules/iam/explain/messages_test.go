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
		{"boundary", func(_ *iam.Request, in *iam.Input) { in.Boundary = unreadable }, "unknown: boundary was not read (AccessDenied)"},
		{"session", func(_ *iam.Request, in *iam.Input) { in.Session = unreadable }, "unknown: session was not read (AccessDenied)"},
		{"scp", func(_ *iam.Request, in *iam.Input) { in.SCPs = iam.LevelsNotRead("throttled") }, "unknown: scp was not read (throttled)"},
		{"rcp", func(_ *iam.Request, in *iam.Input) { in.RCPs = iam.LevelsNotRead("throttled") }, "unknown: rcp was not read (throttled)"},
		{"level of two", func(_ *iam.Request, in *iam.Input) {
			in.RCPs = iam.OnPath(iam.Level{Target: "a", Layer: iam.NotRead("one")}, iam.Level{Target: "b", Layer: iam.NotRead("two")})
		}, "unknown: rcp:a was not read (one); rcp:b was not read (two)"},
		{"resource", func(_ *iam.Request, in *iam.Input) { in.Resource = unreadable }, "unknown: resource was not read (AccessDenied)"},
		{"key", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k", unreadable
		}, "unknown: key was not read (AccessDenied)"},
		{"trust", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, in.Resource = "sts:AssumeRole", "arn:aws:iam::111111111111:role/R", unreadable
		}, "unknown: trust was not read (AccessDenied)"},
		{"IAM itself", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "iam:DeletePolicy", "arn:aws:iam::aws:policy/AdministratorAccess"
			in.Identity, in.Resource = iamtest.Statements("{}"), iam.Policies()
		}, "unknown: AWS keeps its managed policies and the roles of its services from changes, whatever policies allow"},
		{"same reason", func(_ *iam.Request, in *iam.Input) { in.Boundary, in.Session = unreadable, unreadable },
			"unknown: boundary and session were not read (AccessDenied)"},
		{"keys and layers", func(r *iam.Request, in *iam.Input) {
			in.Boundary = iam.NotRead("")
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:j":"1"}}`, `{"StringEquals":{"aws:k":"1"}}`)
			r.Context = iamtest.UnknownKeys("aws:j", "aws:k")
		}, "unknown: it depends on aws:j, aws:k; boundary was not read"},
		{"two resources", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Sid":"S","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::src/*","arn:aws:s3:::other/*"]}}`)
		}, "implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement S of 0 (identity, line 1): Action matches, Resource `arn:aws:s3:::src/*` (and 1 more) does not match `arn:aws:s3:::dst/k`"},
		{"other objects", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("dst/a*") },
			"implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Resource `arn:aws:s3:::dst/a*` is other objects of the bucket"},
		{"another partition", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws-cn:s3:::dst/*"}}`)
		}, "implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Resource `arn:aws-cn:s3:::dst/*` is in another partition: `aws-cn`, not `aws`"},
		{"NotResource", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("~dst/*") },
			"implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, NotResource `arn:aws:s3:::dst/*` excludes `arn:aws:s3:::dst/k`"},
		{"the service's action before another's", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(`{"Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`)
		}, "implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 1 of 0 (identity, line 1): Action does not name s3:ReplicateObject"},
		{"the first of two alike", func(_ *iam.Request, in *iam.Input) { in.Identity = iamtest.Objects("x/*", "y/*") },
			"implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Resource `arn:aws:s3:::x/*` does not match `arn:aws:s3:::dst/k`"},
		{"the account of a key", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource, r.ResourceAccount = "kms:Decrypt", "arn:aws:kms:eu-west-1:222222222222:key/k", "222222222222"
			in.Identity, in.Resource = iamtest.Identity(iamtest.AllowNothing), iamtest.Key(`{"AWS":"111111111111"}`)
		}, "implicitly denied at identity: no statement allows kms:Decrypt; nearest is statement Else of 0 (identity, line 1): Action does not name kms:Decrypt"},
		{"a key policy without Resource", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k"
			in.Resource = iamtest.Layer(policy.Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`)
		}, "implicitly denied at key: no statement allows kms:Decrypt; nearest is statement 0 of 0 (key, line 1): Action matches, Resource is missing"},
		{"a key that the account may give", func(r *iam.Request, in *iam.Input) {
			r.Action, r.Resource = "kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/k"
			in.Resource = iamtest.Layer(policy.Key, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:Encrypt","Resource":"*"}}`)
		}, "implicitly denied at key: no statement allows kms:Decrypt; nearest is statement 0 of 0 (key, line 1): Action does not name kms:Decrypt, Principal hands the decision to the account"},
		{"an absent key", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"StringEquals":{"aws:k":["1","2","3","4"]}}`)
		}, "implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Condition StringEquals aws:k does not hold: the request does not send the key"},
		{"many values", func(r *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Statements(`{"ForAnyValue:StringEquals":{"aws:TagKeys":["1","2","3","4"]}}`)
			r.Context = map[string]contextkey.Value{"aws:tagkeys": contextkey.Many("a", "b", "c")}
		}, "implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Condition ForAnyValue:StringEquals aws:TagKeys does not hold: the request has `a`, `b`, `c`, the policy `1`, `2`, `3` …"},
		{"a Deny beside a document that is not valid", func(_ *iam.Request, in *iam.Input) {
			in.Identity = iamtest.Identity(iamtest.EnDash, iamtest.DenyEverything)
		},
			"explicitly denied by statement No of 1 (identity, line 1)"},
		{"another service", func(r *iam.Request, in *iam.Input) {
			r.Principal, in.Resource = iamtest.S3, iamtest.Bucket(`{"Service":"ec2.amazonaws.com"}`)
		}, "implicitly denied at resource: no statement allows s3:ReplicateObject; nearest is statement Grant of 0 (resource, line 1): Action matches, Principal `ec2.amazonaws.com` is not the caller `s3.amazonaws.com`"},
		{"a level without a name", func(_ *iam.Request, in *iam.Input) {
			in.Identity, in.SCPs = iamtest.Identity(iamtest.AllowEverything), iam.OnPath(iam.Level{Layer: iamtest.Layer(policy.SCP)})
		}, "implicitly denied at scp level 0: no policy is there"},
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
