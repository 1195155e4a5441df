package principal

import (
	"testing"

	"crosscheck/rules/iam/logic"
)

func TestParsePrincipal(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]Caller{
		"arn:aws:sts::111111111111:assumed-role/R/s":   {Kind: Role, RoleName: "R", Session: "s", ARN: "arn:aws:sts::111111111111:assumed-role/R/s", Account: "111111111111", Partition: "aws"},
		"arn:aws:iam::111111111111:role/p/R":           {Kind: Role, RoleName: "R", RoleARN: "arn:aws:iam::111111111111:role/p/R", Account: "111111111111", Partition: "aws"},
		"arn:aws-cn:iam::111111111111:user/p/U":        {Kind: User, ARN: "arn:aws-cn:iam::111111111111:user/p/U", Account: "111111111111", Partition: "aws-cn"},
		"arn:aws:iam::111111111111:root":               {Kind: Root, ARN: "arn:aws:iam::111111111111:root", Account: "111111111111", Partition: "aws"},
		"arn:aws:sts::111111111111:federated-user/bob": {Kind: Federated, ARN: "arn:aws:sts::111111111111:federated-user/bob", Account: "111111111111", Partition: "aws"},
	} {
		if got, err := Parse(arn); err != nil || got != want {
			t.Errorf("%s: %+v %v", arn, got, err)
		}
	}
	for _, bad := range []string{"", "bob", "arn:aws:iam::1:root", "arn:aws:s3:::b", "arn:aws:sts::111111111111:assumed-role/R", "arn:aws:sts::111111111111:assumed-role/R/s/t",
		"arn:aws:sts::111111111111:assumed-role/R/", "arn:aws:sts::111111111111:assumed-role//s",
		"arn:aws:iam::111111111111:user/", "arn:aws:iam::111111111111:group/g", "arn:aws:iam::111111111111:role/"} {
		if p, err := Parse(bad); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
	slr, _ := Parse("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
	if slr.ServiceLinked() != logic.True {
		t.Error("a service-linked role is not seen")
	}
	session, _ := Parse("arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForX/s")
	if session.ServiceLinked() != logic.Unknown {
		t.Error("a session without path may be one of a service-linked role")
	}
	if p := RoleSession("arn:aws:iam::111111111111:user/u", "", "s"); p.Kind != Unknown {
		t.Errorf("%+v", p)
	}
	if p := RoleSession("arn:aws:iam::111111111111:role/p/R", "AROA", "s"); p.ARN != "arn:aws:sts::111111111111:assumed-role/R/s" || p.RoleID != "AROA" {
		t.Errorf("%+v", p)
	}
}
