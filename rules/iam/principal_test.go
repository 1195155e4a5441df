package iam

import (
	"fmt"
	"testing"
)

func TestParsePrincipal(t *testing.T) {
	for arn, want := range map[string]Principal{
		"arn:aws:sts::111111111111:assumed-role/R/s":   {Kind: PrincipalRole, RoleName: "R", Session: "s", ARN: "arn:aws:sts::111111111111:assumed-role/R/s", Account: "111111111111", Partition: "aws"},
		"arn:aws:iam::111111111111:role/p/R":           {Kind: PrincipalRole, RoleName: "R", RoleARN: "arn:aws:iam::111111111111:role/p/R", Account: "111111111111", Partition: "aws"},
		"arn:aws-cn:iam::111111111111:user/p/U":        {Kind: PrincipalUser, ARN: "arn:aws-cn:iam::111111111111:user/p/U", Account: "111111111111", Partition: "aws-cn"},
		"arn:aws:iam::111111111111:root":               {Kind: PrincipalRoot, ARN: "arn:aws:iam::111111111111:root", Account: "111111111111", Partition: "aws"},
		"arn:aws:sts::111111111111:federated-user/bob": {Kind: PrincipalFederated, ARN: "arn:aws:sts::111111111111:federated-user/bob", Account: "111111111111", Partition: "aws"},
	} {
		if got, err := ParsePrincipal(arn); err != nil || got != want {
			t.Errorf("%s: %+v %v", arn, got, err)
		}
	}
	for _, bad := range []string{"", "bob", "arn:aws:iam::1:root", "arn:aws:s3:::b", "arn:aws:sts::111111111111:assumed-role/R", "arn:aws:sts::111111111111:assumed-role/R/s/t",
		"arn:aws:iam::111111111111:user/", "arn:aws:iam::111111111111:group/g", "arn:aws:iam::111111111111:role/"} {
		if p, err := ParsePrincipal(bad); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
	slr, _ := ParsePrincipal("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
	if slr.linked() != True {
		t.Error("a service-linked role is not seen")
	}
	session, _ := ParsePrincipal("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s")
	if session.linked() != Unknown {
		t.Error("a session without path may be one of a service-linked role")
	}
	if p := RoleSession("arn:aws:iam::111111111111:user/u", "", "s"); p.Kind != PrincipalUnknown {
		t.Errorf("%+v", p)
	}
	if p := RoleSession("arn:aws:iam::111111111111:role/p/R", "AROA", "s"); p.ARN != "arn:aws:sts::111111111111:assumed-role/R/s" || p.RoleID != "AROA" {
		t.Errorf("%+v", p)
	}
}

// callers of the tables below.
var (
	callerRole      = RoleSession("arn:aws:iam::111111111111:role/p/R", "AROAROLEROLEROLEROLE1", "s3-replication")
	callerNoPath    = Principal{Kind: PrincipalRole, ARN: callerRole.ARN, Account: "111111111111", Partition: "aws", RoleName: "R", Session: "s3-replication"}
	callerNoSession = RoleSession("arn:aws:iam::111111111111:role/p/R", "", "")
	callerUser      = Principal{Kind: PrincipalUser, ARN: "arn:aws:iam::111111111111:user/U", Account: "111111111111", Partition: "aws", UserID: "AIDAUSERUSERUSERUSER1"}
	callerRoot      = Principal{Kind: PrincipalRoot, ARN: "arn:aws:iam::111111111111:root", Account: "111111111111", Partition: "aws"}
	callerFederated = Principal{Kind: PrincipalFederated, ARN: "arn:aws:sts::111111111111:federated-user/f", Account: "111111111111", Partition: "aws"}
	callerS3        = Service("s3.amazonaws.com")
)

func TestPrincipalClasses(t *testing.T) {
	type set = classSet
	for _, c := range []struct {
		principal string
		caller    Principal
		want      classSet
	}{
		{`"*"`, callerRole, set{yes: classStar}},
		{`"*"`, Anonymous(), set{yes: classStar}},
		{`"*"`, callerS3, set{yes: classStar}},
		{`{"AWS":"*"}`, Anonymous(), set{yes: classStar}},
		{`{"AWS":"111111111111"}`, callerRole, set{yes: classAccount}},
		{`{"AWS":"111111111111"}`, callerRoot, set{yes: classAccount}},
		{`{"AWS":"arn:aws:iam::111111111111:root"}`, callerUser, set{yes: classAccount}},
		{`{"AWS":"arn:aws-cn:iam::111111111111:root"}`, callerUser, set{}},
		{`{"AWS":"222222222222"}`, callerRole, set{}},
		{`{"AWS":"222222222222"}`, callerS3, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, callerRole, set{yes: classRole}},
		{`{"AWS":"arn:aws:iam::111111111111:role/R"}`, callerRole, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, callerNoPath, set{yes: classRole}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/r"}`, callerRole, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:role/p/R"}`, callerUser, set{}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, callerRole, set{yes: classSession}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/other"}`, callerRole, set{}},
		{`{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s3-replication"}`, callerNoSession, set{maybe: classSession}},
		{`{"AWS":"arn:aws:iam::111111111111:user/U"}`, callerUser, set{yes: classUser}},
		{`{"AWS":"arn:aws:iam::111111111111:user/u"}`, callerUser, set{}},
		{`{"AWS":"arn:aws:iam::111111111111:user/U"}`, callerFederated, set{maybe: classRole}},
		{`{"AWS":"arn:aws:sts::111111111111:federated-user/f"}`, callerFederated, set{yes: classSession}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, callerRole, set{yes: classRole}},
		{`{"AWS":"AROAORPHANORPHANORPHA"}`, callerRole, set{}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, callerNoPath, set{maybe: classRole}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, callerUser, set{yes: classUser}},
		{`{"AWS":"AIDAUSERUSERUSERUSER1"}`, callerRole, set{}},
		{`{"AWS":"AROAROLEROLEROLEROLE1"}`, callerUser, set{}},
		{`{"Service":"s3.amazonaws.com"}`, callerS3, set{yes: classService}},
		{`{"Service":"ec2.amazonaws.com"}`, callerS3, set{}},
		{`{"Service":"s3.amazonaws.com"}`, callerRole, set{}},
		{`{"CanonicalUser":"0123"}`, callerRole, set{maybe: classAccount}},
		{`{"CanonicalUser":"0123"}`, callerS3, set{}},
		{`{"Federated":"arn:aws:iam::111111111111:saml-provider/x"}`, callerRole, set{}},
		{`{"AWS":["222222222222","111111111111"],"Service":"s3.amazonaws.com"}`, callerRole, set{yes: classAccount}},
		{`{"AWS":["arn:aws:iam::111111111111:role/p/R","111111111111"]}`, callerRole, set{yes: classRole | classAccount}},
	} {
		p := Parse(BucketPolicy, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Allow","Principal":%s,"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, c.principal))
		if !p.Valid() {
			t.Errorf("%s: %+v", c.principal, p.Diagnostics())
			continue
		}
		e := &evaluation{req: &Request{Principal: c.caller}, in: &Input{}}
		if got := e.principalClasses(&p.statements[0], BucketPolicy); got != c.want {
			t.Errorf("%s for %+v: %+v, want %+v", c.principal, c.caller, got, c.want)
		}
	}
}

func TestNotPrincipal(t *testing.T) {
	const account, role, session = `"111111111111"`, `"arn:aws:iam::111111111111:role/p/R"`, `"arn:aws:sts::111111111111:assumed-role/R/s3-replication"`
	noBoundary, boundary := Policies(), Policies(Parse(BoundaryPolicy, "b", nil))
	for _, c := range []struct {
		aws      string
		caller   Principal
		boundary Layer
		want     Truth // the Deny bites
	}{
		{role, callerRole, noBoundary, True},
		{account, callerRole, noBoundary, True},
		{account + "," + role, callerRole, noBoundary, True},
		{account + "," + role + "," + session, callerRole, noBoundary, False},
		{account + "," + role + "," + session, callerRole, boundary, True},
		{account + "," + role + "," + session, callerRole, NotRead("denied"), Unknown},
		{account + "," + role + "," + session, callerNoSession, noBoundary, Unknown},
		{account, callerRoot, NotRead(""), False},
		{account, callerUser, noBoundary, True},
		{account + `,"arn:aws:iam::111111111111:user/U"`, callerUser, noBoundary, False},
		{`"222222222222"`, callerS3, noBoundary, True},
		{account, Anonymous(), noBoundary, True},
	} {
		p := Parse(BucketPolicy, "p", fmt.Appendf(nil, `{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":[%s]},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, c.aws))
		e := &evaluation{req: &Request{Principal: c.caller}, in: &Input{Boundary: c.boundary}}
		if got := e.principalClasses(&p.statements[0], BucketPolicy).of(anyClass); got != c.want {
			t.Errorf("NotPrincipal %s, %v: %v, want %v", c.aws, c.caller.Kind, got, c.want)
		}
	}
}

// TestTrustStar: whether {"AWS": "*"} of a trust policy lets services in is not documented.
func TestTrustStar(t *testing.T) {
	trust := Parse(TrustPolicy, "t", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`))
	req := &Request{Principal: callerS3, Action: "sts:AssumeRole", Resource: "arn:aws:iam::111111111111:role/R", ResourceAccount: "111111111111"}
	if d := Decide(req, &Input{Resource: Policies(trust), RCPs: NotApplicable()}); d.Result != Undecided {
		t.Errorf("%+v", d)
	}
}
