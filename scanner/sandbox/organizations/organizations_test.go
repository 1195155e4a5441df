package organizations_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestOrganizationsTree(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := organizations.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))

	org, err := client.DescribeOrganization(context.Background(), &organizations.DescribeOrganizationInput{})
	if err != nil {
		t.Fatal(err)
	}
	if o := org.Organization; *o.Id != "o-ctrl000001" || *o.MasterAccountId != "111111111111" || o.FeatureSet != types.OrganizationFeatureSetAll {
		t.Errorf("organization %+v", o)
	}

	account, err := client.DescribeAccount(context.Background(), &organizations.DescribeAccountInput{AccountId: aws.String("222222222222")})
	if err != nil {
		t.Fatal(err)
	}
	a := account.Account
	if *a.Name != "workload" || *a.Email != "workload@example.org" || a.Status != types.AccountStatusActive || a.State != types.AccountStateActive ||
		*a.Arn != "arn:aws:organizations::111111111111:account/o-ctrl000001/222222222222" || !a.JoinedTimestamp.Equal(s.State.Created.Truncate(1e6)) {
		t.Errorf("account %+v", a)
	}

	// The way that the scanner takes: account → OU → OU → root.
	var path []string
	for child := "222222222222"; ; {
		out, err := client.ListParents(context.Background(), &organizations.ListParentsInput{ChildId: &child})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Parents) != 1 {
			t.Fatalf("%d parents of %s", len(out.Parents), child)
		}
		path = append(path, string(out.Parents[0].Type)+" "+*out.Parents[0].Id)
		child = *out.Parents[0].Id
		if out.Parents[0].Type == types.ParentTypeRoot {
			break
		}
	}
	want := []string{"ORGANIZATIONAL_UNIT ou-ctrl-inner001", "ORGANIZATIONAL_UNIT ou-ctrl-workload", "ROOT r-ctrl"}
	if diff := cmp.Diff(want, path); diff != "" {
		t.Error(diff)
	}

	roots, err := client.ListRoots(context.Background(), &organizations.ListRootsInput{})
	if err != nil || len(roots.Roots) != 1 || *roots.Roots[0].Id != "r-ctrl" || len(roots.Roots[0].PolicyTypes) != 2 {
		t.Errorf("roots %+v %v", roots, err)
	}
	units, err := client.ListOrganizationalUnitsForParent(context.Background(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String("ou-ctrl-workload")})
	if err != nil || len(units.OrganizationalUnits) != 1 || *units.OrganizationalUnits[0].Name != "Inner" {
		t.Errorf("units %+v %v", units, err)
	}
	unit, err := client.DescribeOrganizationalUnit(context.Background(), &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: aws.String("ou-ctrl-inner001")})
	if err != nil || *unit.OrganizationalUnit.Name != "Inner" {
		t.Errorf("unit %+v %v", unit, err)
	}
	inside, err := client.ListAccountsForParent(context.Background(), &organizations.ListAccountsForParentInput{ParentId: aws.String("ou-ctrl-empty001")})
	if err != nil || len(inside.Accounts) != 2 || inside.Accounts[0].Status != types.AccountStatusSuspended {
		t.Errorf("accounts of the OU %+v %v", inside, err)
	}
	children, err := client.ListChildren(context.Background(), &organizations.ListChildrenInput{ParentId: aws.String("r-ctrl"), ChildType: types.ChildTypeOrganizationalUnit})
	if err != nil || len(children.Children) != 2 {
		t.Errorf("children %+v %v", children, err)
	}
	tags, err := client.ListTagsForResource(context.Background(), &organizations.ListTagsForResourceInput{ResourceId: aws.String("222222222222")})
	if err != nil || len(tags.Tags) != 2 || *tags.Tags[0].Key != "cost" || *tags.Tags[0].Value != "7" {
		t.Errorf("tags %+v %v", tags, err)
	}
	admins, err := client.ListDelegatedAdministrators(context.Background(), &organizations.ListDelegatedAdministratorsInput{})
	if err != nil || len(admins.DelegatedAdministrators) != 1 || *admins.DelegatedAdministrators[0].Id != "333333333333" {
		t.Errorf("delegated administrators %+v %v", admins, err)
	}
	admins, err = client.ListDelegatedAdministrators(context.Background(), &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String("sso.amazonaws.com")})
	if err != nil || len(admins.DelegatedAdministrators) != 0 {
		t.Errorf("delegated administrators of another service %+v %v", admins, err)
	}
	services, err := client.ListDelegatedServicesForAccount(context.Background(), &organizations.ListDelegatedServicesForAccountInput{AccountId: aws.String("333333333333")})
	if err != nil || len(services.DelegatedServices) != 2 {
		t.Errorf("delegated services %+v %v", services, err)
	}
}

func TestOrganizationsPolicies(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := organizations.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))
	for _, test := range []struct {
		target string
		filter types.PolicyType
		want   []string
	}{
		{"r-ctrl", types.PolicyTypeServiceControlPolicy, []string{"p-FullAWSAccess"}},
		{"ou-ctrl-inner001", types.PolicyTypeServiceControlPolicy, []string{"p-FullAWSAccess", "p-denykms01"}},
		{"ou-ctrl-inner001", types.PolicyTypeResourceControlPolicy, []string{"p-RCPFullAWSAccess", "p-perimeter"}},
		{"ou-ctrl-empty001", types.PolicyTypeServiceControlPolicy, nil},
		{"222222222222", types.PolicyTypeResourceControlPolicy, []string{"p-RCPFullAWSAccess"}},
		{"222222222222", types.PolicyTypeTagPolicy, nil},
	} {
		out, err := client.ListPoliciesForTarget(context.Background(), &organizations.ListPoliciesForTargetInput{TargetId: &test.target, Filter: test.filter})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range out.Policies {
			got = append(got, *p.Id)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %s: %s", test.target, test.filter, diff)
		}
	}

	for id, want := range map[string]string{
		"p-denykms01":        `"Deny", "Action": "kms:ListGrants"`,
		"p-FullAWSAccess":    `"Resource": "*"`,
		"p-RCPFullAWSAccess": `"Principal": "*"`,
	} {
		out, err := client.DescribePolicy(context.Background(), &organizations.DescribePolicyInput{PolicyId: &id})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(*out.Policy.Content, want) {
			t.Errorf("%s has content %s", id, *out.Policy.Content)
		}
		if managed := strings.HasSuffix(id, "FullAWSAccess"); out.Policy.PolicySummary.AwsManaged != managed {
			t.Errorf("%s: AWSManaged is %v", id, !managed)
		}
	}
	out, _ := client.DescribePolicy(context.Background(), &organizations.DescribePolicyInput{PolicyId: aws.String("p-RCPFullAWSAccess")})
	if arn := *out.Policy.PolicySummary.Arn; arn != "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess" {
		t.Error(arn)
	}
	targets, err := client.ListTargetsForPolicy(context.Background(), &organizations.ListTargetsForPolicyInput{PolicyId: aws.String("p-perimeter")})
	if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].TargetId != "ou-ctrl-inner001" {
		t.Errorf("targets %+v %v", targets, err)
	}
	list, err := client.ListPolicies(context.Background(), &organizations.ListPoliciesInput{Filter: types.PolicyTypeResourceControlPolicy})
	if err != nil || len(list.Policies) != 2 {
		t.Errorf("policies %+v %v", list, err)
	}

	_, err = client.DescribePolicy(context.Background(), &organizations.DescribePolicyInput{PolicyId: aws.String("p-missing000")})
	sandboxtest.WantCode(t, "a policy that is not there", err, "PolicyNotFoundException", 400)
	_, err = client.ListParents(context.Background(), &organizations.ListParentsInput{ChildId: aws.String("999999999999")})
	sandboxtest.WantCode(t, "an account that is not there", err, "ChildNotFoundException", 400)
	_, err = client.ListPoliciesForTarget(context.Background(), &organizations.ListPoliciesForTargetInput{TargetId: aws.String("444444444444"), Filter: types.PolicyTypeServiceControlPolicy})
	sandboxtest.WantCode(t, "an account outside", err, "TargetNotFoundException", 400)
	_, err = client.ListChildren(context.Background(), &organizations.ListChildrenInput{ParentId: aws.String("222222222222"), ChildType: types.ChildTypeAccount})
	sandboxtest.WantCode(t, "children of an account", err, "ParentNotFoundException", 400)
	_, err = client.ListAccountsForParent(context.Background(), &organizations.ListAccountsForParentInput{ParentId: aws.String("ou-ctrl-missing1")})
	sandboxtest.WantCode(t, "an OU that is not there", err, "ParentNotFoundException", 400)
	_, err = client.DescribeAccount(context.Background(), &organizations.DescribeAccountInput{AccountId: aws.String("444444444444")})
	sandboxtest.WantCode(t, "an account outside", err, "AccountNotFoundException", 400)
	_, err = client.ListPolicies(context.Background(), &organizations.ListPoliciesInput{Filter: "NONSENSE"})
	sandboxtest.WantCode(t, "an unknown type of policy", err, "InvalidInputException", 400)
	_, err = client.CreateOrganization(context.Background(), &organizations.CreateOrganizationInput{})
	sandboxtest.WantCode(t, "an operation that is not there", err, "NotImplemented", 501)
}

func TestOrganizationsDisabledTypesAttachNothing(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, `
organization: {id: o-ctrl000001, management_account: "111111111111", policy_types: []}
accounts: [{id: "111111111111"}, {id: "222222222222"}]
`)
	client := organizations.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))
	out, err := client.ListPoliciesForTarget(context.Background(), &organizations.ListPoliciesForTargetInput{
		TargetId: aws.String("222222222222"), Filter: types.PolicyTypeServiceControlPolicy,
	})
	if err != nil || len(out.Policies) != 0 {
		t.Errorf("%+v %v", out, err)
	}
}

func TestListAccountsIsPagedAtTwenty(t *testing.T) {
	t.Parallel()
	var world strings.Builder
	world.WriteString("organization: {id: o-ctrl000001, management_account: \"100000000000\"}\naccounts:\n")
	for i := range 45 {
		fmt.Fprintf(&world, "  - id: \"%d\"\n", 100000000000+i)
	}
	s := sandboxtest.New(t, world.String())
	client := organizations.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))
	var sizes []int
	seen := map[string]bool{}
	for pages := organizations.NewListAccountsPaginator(client, &organizations.ListAccountsInput{}); pages.HasMorePages(); {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(out.Accounts))
		for _, a := range out.Accounts {
			seen[*a.Id] = true
		}
	}
	if diff := cmp.Diff([]int{20, 20, 5}, sizes); diff != "" || len(seen) != 45 {
		t.Errorf("%d accounts; %s", len(seen), diff)
	}
	_, err := client.ListAccounts(context.Background(), &organizations.ListAccountsInput{MaxResults: aws.Int32(21)})
	sandboxtest.WantCode(t, "pages of 21", err, "InvalidInputException", 400)
	_, err = client.ListAccounts(context.Background(), &organizations.ListAccountsInput{NextToken: aws.String("77")})
	sandboxtest.WantCode(t, "a token past the end", err, "InvalidInputException", 400)
}

func TestOrganizationsIsForAdministrators(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	list := func(key string) error {
		_, err := organizations.NewFromConfig(s.As(key, "us-east-1")).ListAccounts(context.Background(), &organizations.ListAccountsInput{})
		return err
	}
	sandboxtest.WantCode(t, "the management account", list(sandbox.DefaultAccessKey), "", 0)
	sandboxtest.WantCode(t, "a role whose policy allows it", list("AKIAAUDITOR000000000"), "", 0)
	sandboxtest.WantCode(t, "a delegated administrator", list("AKIAREADER0000000000"), "", 0)
	sandboxtest.WantCode(t, "a role without policy of a delegated administrator", list("AKIAONLYTRUSTED00000"), "AccessDeniedException", 400)
	sandboxtest.WantCode(t, "a member account", list("AKIABOUNDED000000000"), "AccessDeniedException", 400)
	sandboxtest.WantCode(t, "an account outside", list("AKIAGUEST00000000000"), "AWSOrganizationsNotInUseException", 400)

	client := organizations.NewFromConfig(s.As("AKIAAUDITOR000000000", "us-east-1"))
	_, err := client.DescribePolicy(context.Background(), &organizations.DescribePolicyInput{PolicyId: aws.String("p-denykms01")})
	sandboxtest.WantCode(t, "what the policy does not allow", err, "AccessDeniedException", 400)
	const want = "User: arn:aws:sts::111111111111:assumed-role/auditor/nightly is not authorized to perform: organizations:DescribePolicy on resource: " +
		"arn:aws:organizations::111111111111:policy/o-ctrl000001/service_control_policy/p-denykms01 " +
		"because no identity-based policy allows the organizations:DescribePolicy action"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("message %v, want %s", err, want)
	}

	alone := sandboxtest.New(t, `accounts: [{id: "111111111111"}]`)
	_, err = organizations.NewFromConfig(alone.As(sandbox.DefaultAccessKey, "us-east-1")).DescribeOrganization(context.Background(), &organizations.DescribeOrganizationInput{})
	sandboxtest.WantCode(t, "no organization", err, "AWSOrganizationsNotInUseException", 400)
}

func BenchmarkListAccounts(b *testing.B) {
	s := sandboxtest.Control(b)
	client := organizations.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))
	for b.Loop() {
		if _, err := client.ListAccounts(context.Background(), &organizations.ListAccountsInput{}); err != nil {
			b.Fatal(err)
		}
	}
}
