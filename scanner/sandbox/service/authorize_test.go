package service_test

import (
	"context"
	"strings"
	"testing"

	decide "crosscheck/rules/iam"
	"crosscheck/scanner/sandbox/service"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// Each layer of policies holds a caller on its own.
const objectsKey = "arn:aws:kms:us-east-1:222222222222:key/00000000-1111-2222-3333-444444444444"

func TestEveryLayerDecides(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	roles := func(key string) error {
		_, err := iam.NewFromConfig(s.As(key, "us-east-1")).ListRoles(context.Background(), &iam.ListRolesInput{})
		return err
	}
	describe := func(key string) error {
		_, err := kms.NewFromConfig(s.As(key, "us-east-1")).DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String(objectsKey)})
		return err
	}
	assume := func(key, role string) error {
		_, err := sts.NewFromConfig(s.As(key, "us-east-1")).AssumeRole(context.Background(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("test")})
		return err
	}
	for _, test := range []struct {
		name    string
		err     error
		message string // "" = allowed
	}{
		{"identity policy allows", roles("AKIAWORKLOAD00000000"), ""},
		{"no identity policy allows", roles("AKIAALICE00000000000"), "because no identity-based policy allows the iam:ListRoles action"},
		{"boundary allows", roles("AKIABOUNDED000000000"), ""},
		{"no boundary allows", describe("AKIABOUNDED000000000"), "because no permissions boundary allows the kms:DescribeKey action"},
		{"no session policy allows", roles("ASIASESSION000000000"), "because no session policy allows the iam:ListRoles action"},
		{"no SCP allows", roles("AKIAPOWERLESS0000000"), "because no service control policy allows the iam:ListRoles action"},
		{"root needs no identity policy", roles("AKIAROOT000000000000"), ""},
		{"root of a key whose policy names the account", describe("AKIAROOT000000000000"), ""},
		{"outside the organization no SCP applies", roles("AKIAGUEST00000000000"), ""},
		{"an RCP denies callers from outside", assume("AKIAGUEST00000000000", "arn:aws:iam::222222222222:role/bounded"),
			"with an explicit deny in a resource control policy: arn:aws:organizations::111111111111:policy/o-ctrl000001/resource_control_policy/p-perimeter"},
	} {
		switch {
		case test.message == "" && test.err != nil:
			t.Errorf("%s: %v", test.name, test.err)
		case test.message != "" && (test.err == nil || !strings.Contains(test.err.Error(), test.message)):
			t.Errorf("%s: error %v, want %s", test.name, test.err, test.message)
		}
	}
}

func TestActionsAreCounted(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	for range 2 {
		if _, err := client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("bounded")}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := kms.NewFromConfig(s.As("AKIABOUNDED000000000", "us-east-1")).ListAliases(context.Background(), &kms.ListAliasesInput{})
	sandboxtest.WantCode(t, "ListAliases", err, "AccessDeniedException", 400)
	const audit, bounded = "arn:aws:iam::222222222222:role/crosscheck-audit", "arn:aws:iam::222222222222:role/bounded"
	actions := s.Actions()
	if n := actions[service.Action{Caller: audit, Action: "iam:GetRole", Result: decide.Allowed}]; n != 2 {
		t.Errorf("iam:GetRole was allowed %d times: %v", n, actions)
	}
	if n := actions[service.Action{Caller: bounded, Action: "kms:ListAliases", Result: decide.Denied}]; n != 1 || len(actions) != 2 {
		t.Errorf("kms:ListAliases was denied %d times: %v", n, actions)
	}
	calls := s.Calls()
	if n := calls[sandbox.Call{Operation: "iam:GetRole", Account: "222222222222", Caller: audit, Code: ""}]; n != 2 {
		t.Errorf("%d calls of iam:GetRole: %v", n, calls)
	}
	if n := calls[sandbox.Call{Operation: "kms:ListAliases", Account: "222222222222", Caller: bounded, Code: "AccessDeniedException"}]; n != 1 || len(calls) != 2 {
		t.Errorf("%d calls of kms:ListAliases: %v", n, calls)
	}
}
