package iam_test

import (
	"fmt"
	"testing"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/iamtest"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

func TestPrincipalClasses(t *testing.T) {
	t.Parallel()
	type set = principal.ClassSet
	for _, c := range []struct {
		entry  string
		caller principal.Caller
		want   principal.ClassSet
	}{
		{`"*"`, iamtest.Role, set{Yes: principal.ClassStar}},
		{`"*"`, principal.Anonymous(), set{Yes: principal.ClassStar}},
		{`"*"`, iamtest.S3, set{Yes: principal.ClassStar}},
		{`{"AWS":"*"}`, principal.Anonymous(), set{Yes: principal.ClassStar}},
		{`{"AWS":"*"}`, iamtest.S3, set{Yes: principal.ClassStar}},
		{`{"AWS":"111111111111"}`, iamtest.Role, set{Yes: principal.ClassAccount}},
		{`{"AWS":"111111111111"}`, iamtest.Root, set{Yes: principal.ClassAccount}},
		{`{"AWS":"arn:aws:iam::111111111111:root"}`, iamtest.User, set{Yes: principal.ClassAccount}},
		{`{"AWS":"arn:aws-cn:iam::111111111111:root"}`, iamtest.User, set{}},
		{`{"AWS":"222222222222"}`, iamtest.Role, set{}},
		{`{"AWS":"222222222222"}`, iamtest.S3, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, iamtest.Role, set{Yes: principal.ClassRole}},
		{`{"AWS":"arn:aws:iam::111111111111:role/R"}`, iamtest.Role, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, iamtest.RoleWithoutPath, set{Yes: principal.ClassRole}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/r"}`, iamtest.Role, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, iamtest.User, set{}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, iamtest.Role, set{Yes: principal.ClassSession}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/other"}`, iamtest.Role, set{}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, iamtest.RoleWithoutSession, set{Maybe: principal.ClassSession}},
		{`{"AWS":"arn:aws:iam::111111111111:user/U"}`, iamtest.User, set{Yes: principal.ClassUser}},
		{`{"AWS":"arn:aws:iam::111111111111:user/u"}`, iamtest.User, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:user/U"}`, iamtest.Federated, set{Maybe: principal.ClassRole}},
		{`{"AWS":"arn:aws:sts::111111111111:federated-user/f"}`, iamtest.Federated, set{Yes: principal.ClassSession}},
		{`{"AWS":"arn:aws:sts::111111111111:federated-user/g"}`, iamtest.Federated, set{}},
		{`{"AWS":"arn:aws:sts::111111111111:federated-user/f"}`, iamtest.User, set{}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, iamtest.Role, set{Yes: principal.ClassRole}},
		{`{"AWS":"AROAORPHANORPHANORPHA"}`, iamtest.Role, set{}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, iamtest.RoleWithoutPath, set{Maybe: principal.ClassRole}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, iamtest.User, set{Yes: principal.ClassUser}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, iamtest.Role, set{}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, iamtest.User, set{}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, iamtest.Federated, set{Maybe: principal.ClassRole}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, iamtest.Root, set{}},
		{`{"Service":"s3.amazonaws.com"}`, iamtest.S3, set{Yes: principal.ClassService}},
		{`{"Service":"ec2.amazonaws.com"}`, iamtest.S3, set{}},
		{`{"Service":"s3.amazonaws.com"}`, iamtest.Role, set{}},
		{`{"CanonicalUser":"0123"}`, iamtest.Role, set{Maybe: principal.ClassAccount}},
		{`{"CanonicalUser":"0123"}`, iamtest.S3, set{}},
		{`{"Federated":"arn:aws:iam::111111111111:saml-provider/x"}`, iamtest.Role, set{}},
		{`{"AWS":["222222222222","111111111111"],"Service":"s3.amazonaws.com"}`, iamtest.Role, set{Yes: principal.ClassAccount}},
		{`{"AWS":["arn:aws:iam::111111111111:role/p/R","111111111111"]}`, iamtest.Role, set{Yes: principal.ClassRole | principal.ClassAccount}},
	} {
		p := policy.Parse(policy.Bucket, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Allow","Principal":%s,"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, c.entry))
		if !p.Valid() {
			t.Errorf("%s: %+v", c.entry, p.Diagnostics())
			continue
		}
		var e iam.Evaluation
		e.Examine(&iam.Request{Principal: c.caller}, &iam.Input{})
		if got := e.PrincipalClasses(&p.Compiled()[0], policy.Bucket); got != c.want {
			t.Errorf("%s for %+v: %+v, want %+v", c.entry, c.caller, got, c.want)
		}
	}
}

// bounded is the role, of which it is known whether it has a permissions boundary.
func bounded(is logic.Truth) principal.Caller {
	c := iamtest.Role
	c.Boundary = is
	return c
}

func TestNotPrincipal(t *testing.T) {
	t.Parallel()
	const account, role, session = `"111111111111"`, `"arn:aws:iam::111111111111:role/p/R"`, `"arn:aws:sts::111111111111:assumed-role/R/s3-replication"`
	noBoundary, boundary := iam.Policies(), iam.Policies(policy.Parse(policy.Boundary, "b", nil))
	for _, c := range []struct {
		aws      string
		caller   principal.Caller
		boundary iam.Layer
		want     logic.Truth // the Deny bites
	}{
		{role, iamtest.Role, noBoundary, logic.True},
		{account, iamtest.Role, noBoundary, logic.True},
		{account + "," + role, iamtest.Role, noBoundary, logic.True},
		{account + "," + role + "," + session, iamtest.Role, noBoundary, logic.False},
		{account + "," + role + "," + session, iamtest.Role, boundary, logic.True},
		{account + "," + role + "," + session, iamtest.Role, iam.NotRead("denied"), logic.Unknown},
		{account + "," + role + "," + session, iamtest.RoleWithoutSession, noBoundary, logic.Unknown},
		{account + "," + role + "," + session, bounded(logic.True), iam.NotRead("denied"), logic.True},
		{account + "," + role + "," + session, bounded(logic.False), iam.NotRead("denied"), logic.False},
		{account + "," + role + "," + session, bounded(logic.False), boundary, logic.True},
		{account, iamtest.Root, iam.NotRead(""), logic.False},
		{account, iamtest.User, noBoundary, logic.True},
		{account + `,"arn:aws:iam::111111111111:user/U"`, iamtest.User, noBoundary, logic.False},
		{account + `,"arn:aws:iam::111111111111:user/U"`, iamtest.User, boundary, logic.True},
		{`"222222222222"`, iamtest.S3, noBoundary, logic.True},
		{account, principal.Anonymous(), noBoundary, logic.True},
	} {
		p := policy.Parse(policy.Bucket, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":[%s]},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, c.aws))
		var e iam.Evaluation
		e.Examine(&iam.Request{Principal: c.caller}, &iam.Input{Boundary: c.boundary})
		if got := e.PrincipalClasses(&p.Compiled()[0], policy.Bucket).Of(principal.AnyClass); got != c.want {
			t.Errorf("NotPrincipal %s, %v: %v, want %v", c.aws, c.caller.Kind, got, c.want)
		}
	}
}

// TestTrustStar: whether {"AWS": "*"} of a trust policy lets services in is not documented.
func TestTrustStar(t *testing.T) {
	t.Parallel()
	trust := policy.Parse(policy.Trust, "t", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`))
	req := &iam.Request{Principal: iamtest.S3, Action: "sts:AssumeRole", Resource: "arn:aws:iam::111111111111:role/R", ResourceAccount: "111111111111"}
	if d := iam.Decide(req, &iam.Input{Resource: iam.Policies(trust), RCPs: iam.NotApplicable()}); d.Result != iam.Undecided {
		t.Errorf("%+v", d)
	}
	in := iamtest.Open()
	in.Resource, req.Principal = iam.Policies(trust), iamtest.Role
	if d := iam.Decide(req, in); d.Result != iam.Allowed {
		t.Errorf("a role: %+v", d)
	}
}
