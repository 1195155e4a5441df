package iam_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// decoded is a policy document as IAM's callers must read it.
func decoded(t *testing.T, document *string) string {
	t.Helper()
	text, err := url.PathUnescape(*document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGetRole(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	for _, name := range []string{"s3crr_role", "S3CRR_Role"} { // names are matched without case
		out, err := client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			t.Fatal(err)
		}
		r := out.Role
		if *r.RoleName != "s3crr_role" || *r.Arn != "arn:aws:iam::222222222222:role/service-role/s3crr_role" || *r.Path != "/service-role/" ||
			*r.RoleId != "AROAEXAMPLEREPLICATE1" || *r.MaxSessionDuration != 3600 || *r.Description != "replicates" || r.CreateDate.IsZero() {
			t.Errorf("role %+v", r)
		}
		if b := r.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != "arn:aws:iam::222222222222:policy/Edge" || b.PermissionsBoundaryType != "Policy" {
			t.Errorf("boundary %+v", b)
		}
		if len(r.Tags) != 2 || *r.Tags[0].Key != "owner" || *r.Tags[1].Value != "replication" {
			t.Errorf("tags %+v", r.Tags)
		}
		if strings.ContainsAny(*r.AssumeRolePolicyDocument, ` {"+`) {
			t.Errorf("the trust policy is not URL-encoded: %s", *r.AssumeRolePolicyDocument)
		}
		if trust := decoded(t, r.AssumeRolePolicyDocument); !strings.Contains(trust, `"Version": "2012–10–17"`) {
			t.Errorf("the trust policy is not verbatim: %s", trust)
		}
	}
	out, err := client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("crosscheck-audit")})
	if err != nil {
		t.Fatal(err)
	}
	if out.Role.PermissionsBoundary != nil || out.Role.Tags != nil || !strings.HasPrefix(*out.Role.RoleId, "AROA") || len(*out.Role.RoleId) != 21 {
		t.Errorf("role %+v", out.Role)
	}
	_, err = client.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("missing")})
	sandboxtest.WantCode(t, "a role that is not there", err, "NoSuchEntity", 404)
	var missing *types.NoSuchEntityException
	if !errors.As(err, &missing) || !strings.Contains(missing.ErrorMessage(), "missing") {
		t.Errorf("error %v", err)
	}
	_, err = iam.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1")).GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("missing")})
	sandboxtest.WantCode(t, "a role that is not there, for a caller who may not ask", err, "AccessDenied", 403)
}

func TestRolePolicies(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	role := aws.String("s3crr_role")
	names, err := client.ListRolePolicies(context.Background(), &iam.ListRolePoliciesInput{RoleName: role})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"alpha", "zeta"}, names.PolicyNames); diff != "" || names.IsTruncated {
		t.Error(diff)
	}
	page, err := client.ListRolePolicies(context.Background(), &iam.ListRolePoliciesInput{RoleName: role, MaxItems: aws.Int32(1)})
	if err != nil || !page.IsTruncated || page.Marker == nil {
		t.Fatalf("first page %+v %v", page, err)
	}
	page, err = client.ListRolePolicies(context.Background(), &iam.ListRolePoliciesInput{RoleName: role, MaxItems: aws.Int32(1), Marker: page.Marker})
	if err != nil || page.IsTruncated || len(page.PolicyNames) != 1 || page.PolicyNames[0] != "zeta" {
		t.Errorf("second page %+v %v", page, err)
	}

	inline, err := client.GetRolePolicy(context.Background(), &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("zeta")})
	if err != nil {
		t.Fatal(err)
	}
	if text := decoded(t, inline.PolicyDocument); !strings.Contains(text, `"arn:aws:s3:::dst/a b+c/*"`) {
		t.Errorf("the policy is not verbatim: %s", text)
	}
	_, err = client.GetRolePolicy(context.Background(), &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("eta")})
	sandboxtest.WantCode(t, "a policy that is not there", err, "NoSuchEntity", 404)

	attached, err := client.ListAttachedRolePolicies(context.Background(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("crosscheck-audit")})
	if err != nil {
		t.Fatal(err)
	}
	var arns []string
	for _, p := range attached.AttachedPolicies {
		arns = append(arns, *p.PolicyArn)
	}
	want := []string{"arn:aws:iam::222222222222:policy/crosscheck/ReadKeys", "arn:aws:iam::aws:policy/SecurityAudit"}
	if diff := cmp.Diff(want, arns); diff != "" {
		t.Error(diff)
	}
	for _, arn := range want {
		p, err := client.GetPolicy(context.Background(), &iam.GetPolicyInput{PolicyArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if *p.Policy.Arn != arn || *p.Policy.DefaultVersionId != "v1" || *p.Policy.AttachmentCount < 1 || !strings.HasPrefix(*p.Policy.PolicyId, "ANPA") {
			t.Errorf("policy %+v", p.Policy)
		}
		version, err := client.GetPolicyVersion(context.Background(), &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: p.Policy.DefaultVersionId})
		if err != nil {
			t.Fatal(err)
		}
		if text := decoded(t, version.PolicyVersion.Document); !strings.Contains(text, `"Effect": "Allow"`) || !version.PolicyVersion.IsDefaultVersion {
			t.Errorf("version %+v: %s", version.PolicyVersion, text)
		}
	}
	versions, err := client.ListPolicyVersions(context.Background(), &iam.ListPolicyVersionsInput{PolicyArn: &want[0]})
	if err != nil || len(versions.Versions) != 1 {
		t.Errorf("versions %+v %v", versions, err)
	}
	_, err = client.GetPolicyVersion(context.Background(), &iam.GetPolicyVersionInput{PolicyArn: &want[0], VersionId: aws.String("v2")})
	sandboxtest.WantCode(t, "a version that is not there", err, "NoSuchEntity", 404)
	_, err = client.GetPolicy(context.Background(), &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::222222222222:policy/Missing")})
	sandboxtest.WantCode(t, "a policy that is not there", err, "NoSuchEntity", 404)
	_, err = client.GetPolicy(context.Background(), &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::333333333333:policy/Theirs")})
	sandboxtest.WantCode(t, "a policy of another account", err, "AccessDenied", 403)
	_, err = client.GetPolicy(context.Background(), &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::222222222222:role/a-role")})
	sandboxtest.WantCode(t, "not a policy", err, "InvalidInput", 400)
	_, err = client.CreateUser(context.Background(), &iam.CreateUserInput{UserName: aws.String("bob")})
	sandboxtest.WantCode(t, "an operation that is not there", err, "NotImplemented", 501)
}

func TestListRoles(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	var names []string
	for pages := iam.NewListRolesPaginator(client, &iam.ListRolesInput{MaxItems: aws.Int32(2)}); pages.HasMorePages(); {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
			if r.PermissionsBoundary != nil || r.Tags != nil {
				t.Errorf("ListRoles gives neither boundary nor tags: %+v", r)
			}
		}
	}
	if diff := cmp.Diff([]string{"bounded", "crosscheck-audit", "s3crr_role"}, names); diff != "" {
		t.Error(diff)
	}
	out, err := client.ListRoles(context.Background(), &iam.ListRolesInput{PathPrefix: aws.String("/service-role/")})
	if err != nil || len(out.Roles) != 1 {
		t.Errorf("%+v %v", out, err)
	}
	tags, err := client.ListRoleTags(context.Background(), &iam.ListRoleTagsInput{RoleName: aws.String("s3crr_role")})
	if err != nil || len(tags.Tags) != 2 {
		t.Errorf("%+v %v", tags, err)
	}
}

func TestGetAccountAuthorizationDetails(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	roles, policies, users := map[string]types.RoleDetail{}, map[string]types.ManagedPolicyDetail{}, 0
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(out.RoleDetailList) + len(out.Policies) + len(out.UserDetailList); n > 2 {
			t.Errorf("a page of %d", n)
		}
		for _, r := range out.RoleDetailList {
			roles[*r.RoleName] = r
		}
		for _, p := range out.Policies {
			policies[*p.PolicyName] = p
		}
		users += len(out.UserDetailList)
	}
	if len(roles) != 3 || users != 1 {
		t.Errorf("%d roles, %d users", len(roles), users)
	}
	r := roles["s3crr_role"]
	if r.PermissionsBoundary != nil || *r.RoleId != "AROAEXAMPLEREPLICATE1" || len(r.RolePolicyList) != 2 || *r.RolePolicyList[0].PolicyName != "alpha" ||
		!strings.Contains(decoded(t, r.RolePolicyList[0].PolicyDocument), "s3:ReplicateObject") || !strings.Contains(decoded(t, r.AssumeRolePolicyDocument), "2012–10–17") || len(r.Tags) != 2 {
		t.Errorf("role %+v", r)
	}
	if list := roles["crosscheck-audit"].AttachedManagedPolicies; len(list) != 2 {
		t.Errorf("attached %+v", list)
	}
	// SecurityAudit and AdministratorAccess are attached; both are AWS's.
	if len(policies) != 5 || len(policies["ReadKeys"].PolicyVersionList) != 1 ||
		!strings.Contains(decoded(t, policies["ReadKeys"].PolicyVersionList[0].Document), "kms:*") {
		t.Errorf("policies %+v", policies)
	}
	out, err := client.GetAccountAuthorizationDetails(context.Background(), &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}})
	if err != nil || len(out.RoleDetailList) != 3 || len(out.Policies) != 0 || len(out.UserDetailList) != 0 {
		t.Errorf("only roles: %+v %v", out, err)
	}
}

// A role can be repaired through the API, and what AWS refuses is refused.
func TestChangeRolePolicies(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	admin := iam.NewFromConfig(s.As("AKIABOUNDED000000000", "us-east-1"))
	role := aws.String("s3crr_role")
	const good = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	read := func() *types.Role {
		t.Helper()
		out, err := admin.GetRole(context.Background(), &iam.GetRoleInput{RoleName: role})
		if err != nil {
			t.Fatal(err)
		}
		return out.Role
	}
	inline := func() []string {
		t.Helper()
		out, err := admin.ListRolePolicies(context.Background(), &iam.ListRolePoliciesInput{RoleName: role})
		if err != nil {
			t.Fatal(err)
		}
		return out.PolicyNames
	}

	for _, name := range []string{"beta", "alpha"} {
		if _, err := admin.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: &name, PolicyDocument: aws.String(good)}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"alpha", "beta", "zeta"}, inline()); diff != "" {
		t.Error(diff)
	}
	policy, err := admin.GetRolePolicy(context.Background(), &iam.GetRolePolicyInput{RoleName: role, PolicyName: aws.String("alpha")})
	if err != nil || decoded(t, policy.PolicyDocument) != good {
		t.Errorf("%+v %v", policy, err)
	}
	if _, err := admin.DeleteRolePolicy(context.Background(), &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("beta")}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.DeleteRolePolicy(context.Background(), &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("beta")})
	sandboxtest.WantCode(t, "a policy that is gone", err, "NoSuchEntity", 404)

	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if _, err := admin.UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(trust)}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.UpdateAssumeRolePolicy(context.Background(), &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(strings.ReplaceAll(trust, "-", "–"))})
	sandboxtest.WantCode(t, "a trust policy with an en dash", err, "MalformedPolicyDocument", 400)
	if got := decoded(t, read().AssumeRolePolicyDocument); got != trust {
		t.Errorf("trust policy %s", got)
	}
	_, err = admin.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("x"), PolicyDocument: aws.String(trust)})
	sandboxtest.WantCode(t, "a trust policy as inline policy", err, "MalformedPolicyDocument", 400)

	edge := aws.String("arn:aws:iam::aws:policy/SecurityAudit")
	if _, err := admin.PutRolePermissionsBoundary(context.Background(), &iam.PutRolePermissionsBoundaryInput{RoleName: role, PermissionsBoundary: edge}); err != nil {
		t.Fatal(err)
	}
	if b := read().PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != *edge {
		t.Errorf("boundary %+v", b)
	}
	if _, err := admin.DeleteRolePermissionsBoundary(context.Background(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: role}); err != nil {
		t.Fatal(err)
	}
	if b := read().PermissionsBoundary; b != nil {
		t.Errorf("boundary %+v", b)
	}

	if _, err := admin.AttachRolePolicy(context.Background(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: edge}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DetachRolePolicy(context.Background(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: edge}); err != nil {
		t.Fatal(err)
	}
	_, err = admin.DetachRolePolicy(context.Background(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: edge})
	sandboxtest.WantCode(t, "a policy that is not attached", err, "NoSuchEntity", 404)
	_, err = admin.AttachRolePolicy(context.Background(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/Missing")})
	sandboxtest.WantCode(t, "a policy that is not there", err, "NoSuchEntity", 404)

	reader := iam.NewFromConfig(s.As("AKIAWORKLOAD00000000", "us-east-1"))
	_, err = reader.DeleteRolePermissionsBoundary(context.Background(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: role})
	sandboxtest.WantCode(t, "a change by a reader", err, "AccessDenied", 403)
}

func TestCreateRole(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	admin := iam.NewFromConfig(s.As("AKIABOUNDED000000000", "us-east-1"))
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	create := func(name, path, trust string) error {
		_, err := admin.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust})
		return err
	}
	sandboxtest.WantCode(t, "a trust policy that is none", create("new", "/", `{"Statement":[]}`), "MalformedPolicyDocument", 400)
	sandboxtest.WantCode(t, "a path without an end", create("new", "/x", trust), "ValidationError", 400)
	sandboxtest.WantCode(t, "a name that is none", create("new role", "/", trust), "ValidationError", 400)
	if err := create("new", "/service-role/", trust); err != nil {
		t.Fatal(err)
	}
	sandboxtest.WantCode(t, "a role that is there, in other letters", create("NEW", "/", trust), "EntityAlreadyExists", 409)
	out, err := admin.GetRole(context.Background(), &iam.GetRoleInput{RoleName: aws.String("new")})
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Role; *r.Arn != "arn:aws:iam::222222222222:role/service-role/new" || !strings.HasPrefix(*r.RoleId, "AROA") || *r.MaxSessionDuration != 3600 || decoded(t, r.AssumeRolePolicyDocument) != trust {
		t.Errorf("role %+v", r)
	}
	alice := iam.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	_, err = alice.CreateRole(context.Background(), &iam.CreateRoleInput{RoleName: aws.String("mine"), AssumeRolePolicyDocument: aws.String(trust)})
	sandboxtest.WantCode(t, "a caller who may not", err, "AccessDenied", 403)
}
