package kms_test

import (
	"context"
	"strings"
	"testing"

	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

const (
	objectsKey = "arn:aws:kms:us-east-1:222222222222:key/00000000-1111-2222-3333-444444444444"
	deletedKey = "arn:aws:kms:us-east-1:222222222222:key/00000000-1111-2222-3333-555555555555"
)

func TestDescribeKey(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := kms.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	for _, id := range []string{
		objectsKey,
		"00000000-1111-2222-3333-444444444444",
		"alias/objects",
		"arn:aws:kms:us-east-1:222222222222:alias/data",
	} {
		out, err := client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &id})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		m := out.KeyMetadata
		if *m.Arn != objectsKey || *m.KeyId != "00000000-1111-2222-3333-444444444444" || *m.AWSAccountId != "222222222222" || !m.Enabled ||
			m.KeyState != types.KeyStateEnabled || m.KeyManager != types.KeyManagerTypeCustomer || m.KeySpec != types.KeySpecSymmetricDefault ||
			m.KeyUsage != types.KeyUsageTypeEncryptDecrypt || m.Origin != types.OriginTypeAwsKms || *m.MultiRegion || *m.Description != "objects" ||
			len(m.EncryptionAlgorithms) != 1 || m.CreationDate.IsZero() {
			t.Errorf("%s: %+v", id, m)
		}
	}
	out, err := client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String(deletedKey)})
	if err != nil || out.KeyMetadata.Enabled || out.KeyMetadata.KeyState != types.KeyStatePendingDeletion || out.KeyMetadata.DeletionDate == nil {
		t.Errorf("%+v %v", out, err)
	}
	out, err = client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("mrk-00000000111122223333444444444444")})
	if err != nil {
		t.Fatal(err)
	}
	if c := out.KeyMetadata.MultiRegionConfiguration; !*out.KeyMetadata.MultiRegion || c.MultiRegionKeyType != types.MultiRegionKeyTypeReplica ||
		*c.PrimaryKey.Region != "eu-west-1" || len(c.ReplicaKeys) != 1 {
		t.Errorf("%+v", c)
	}
	for _, id := range []string{
		"00000000-1111-2222-3333-000000000000", "alias/missing", "not an id",
		"arn:aws:kms:us-east-1:222222222222:key/00000000-1111-2222-3333-000000000000",
		"arn:aws:kms:eu-west-1:222222222222:key/mrk-00000000111122223333444444444444", // another Region
		"arn:aws:kms:us-east-1:999999999999:alias/objects",
	} {
		_, err := client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: &id})
		sandboxtest.WantCode(t, id, err, "NotFoundException", 400)
	}
	_, err = client.Encrypt(context.Background(), &kms.EncryptInput{KeyId: aws.String(objectsKey), Plaintext: []byte("x")})
	sandboxtest.WantCode(t, "an operation that is not there", err, "NotImplemented", 501)
}

func TestKeysOfOtherAccounts(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	reader := kms.NewFromConfig(s.As("AKIAREADER0000000000", "us-east-1"))
	_, err := reader.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String(deletedKey)})
	sandboxtest.WantCode(t, "DescribeKey where the key policy delegates to the account", err, "", 0)
	_, err = reader.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String(objectsKey)})
	sandboxtest.WantCode(t, "DescribeKey by a grant", err, "", 0)
	_, err = reader.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("arn:aws:kms:us-east-1:222222222222:key/mrk-00000000111122223333444444444444")})
	sandboxtest.WantCode(t, "DescribeKey where nothing allows it", err, "AccessDeniedException", 400)
	_, err = reader.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("00000000-1111-2222-3333-555555555555")})
	sandboxtest.WantCode(t, "DescribeKey by id, which means the own account", err, "NotFoundException", 400)
	_, err = reader.GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: aws.String(deletedKey)})
	sandboxtest.WantCode(t, "GetKeyPolicy", err, "AccessDeniedException", 400)
	// The identity side must allow it as well.
	_, err = kms.NewFromConfig(s.As("AKIAONLYTRUSTED00000", "us-east-1")).DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String(deletedKey)})
	sandboxtest.WantCode(t, "DescribeKey by a role without policy", err, "AccessDeniedException", 400)
}

func TestKeyPolicyGrantsAndTags(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := kms.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	policy, err := client.GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: aws.String(objectsKey)})
	if err != nil || !strings.Contains(*policy.Policy, `"AWS" : "arn:aws:iam::222222222222:root"`) || *policy.PolicyName != "default" {
		t.Errorf("%+v %v", policy, err)
	}
	names, err := client.ListKeyPolicies(context.Background(), &kms.ListKeyPoliciesInput{KeyId: aws.String(objectsKey)})
	if err != nil || len(names.PolicyNames) != 1 {
		t.Errorf("%+v %v", names, err)
	}
	_, err = client.GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: aws.String("alias/objects")})
	sandboxtest.WantCode(t, "GetKeyPolicy by alias", err, "NotFoundException", 400)
	tags, err := client.ListResourceTags(context.Background(), &kms.ListResourceTagsInput{KeyId: aws.String(objectsKey)})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].TagKey != "team" || *tags.Tags[0].TagValue != "orders" || tags.Truncated {
		t.Errorf("%+v %v", tags, err)
	}
	// An SCP over the account denies the list of grants.
	_, err = client.ListGrants(context.Background(), &kms.ListGrantsInput{KeyId: aws.String(objectsKey)})
	sandboxtest.WantCode(t, "ListGrants under the SCP", err, "AccessDeniedException", 400)
	const want = "with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy/o-ctrl000001/service_control_policy/p-denykms01"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestListGrants(t *testing.T) {
	t.Parallel()
	s := sandboxtest.New(t, `
accounts:
  - id: "111111111111"
    keys:
      - id: 00000000-1111-2222-3333-444444444444
        region: us-east-1
        grants:
          - {grantee: "arn:aws:iam::222222222222:role/a", operations: [Decrypt]}
          - {grantee: "arn:aws:iam::222222222222:role/b", operations: [Encrypt, GenerateDataKey]}
`)
	client := kms.NewFromConfig(s.As(sandbox.DefaultAccessKey, "us-east-1"))
	out, err := client.ListGrants(context.Background(), &kms.ListGrantsInput{KeyId: aws.String("00000000-1111-2222-3333-444444444444"), Limit: aws.Int32(1)})
	if err != nil || len(out.Grants) != 1 || !out.Truncated || *out.Grants[0].GranteePrincipal != "arn:aws:iam::222222222222:role/a" {
		t.Fatalf("%+v %v", out, err)
	}
	out, err = client.ListGrants(context.Background(), &kms.ListGrantsInput{KeyId: aws.String("00000000-1111-2222-3333-444444444444"), Limit: aws.Int32(1), Marker: out.NextMarker})
	if err != nil || len(out.Grants) != 1 || out.Truncated {
		t.Fatalf("%+v %v", out, err)
	}
	want := []types.GrantOperation{types.GrantOperationEncrypt, types.GrantOperationGenerateDataKey}
	if diff := cmp.Diff(want, out.Grants[0].Operations); diff != "" || len(*out.Grants[0].GrantId) != 64 {
		t.Errorf("%s %s", *out.Grants[0].GrantId, diff)
	}
}

func TestAliasesAndTheAWSManagedKey(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := kms.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	list := func(in *kms.ListAliasesInput) []string {
		t.Helper()
		var names []string
		for pages := kms.NewListAliasesPaginator(client, in); pages.HasMorePages(); {
			out, err := pages.NextPage(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range out.Aliases {
				names = append(names, *a.AliasName+" "+aws.ToString(a.TargetKeyId))
			}
		}
		return names
	}
	const id = "00000000-1111-2222-3333-444444444444"
	want := []string{"alias/aws/s3 ", "alias/data " + id, "alias/objects " + id}
	if diff := cmp.Diff(want, list(&kms.ListAliasesInput{Limit: aws.Int32(2)})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[1:], list(&kms.ListAliasesInput{KeyId: aws.String(objectsKey)})); diff != "" {
		t.Error(diff)
	}

	key, err := client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("alias/aws/s3")})
	if err != nil || key.KeyMetadata.KeyManager != types.KeyManagerTypeAws {
		t.Fatalf("%+v %v", key, err)
	}
	again, err := client.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: key.KeyMetadata.Arn})
	if err != nil || *again.KeyMetadata.Arn != *key.KeyMetadata.Arn {
		t.Errorf("%+v %v", again, err)
	}
	want[0] += *key.KeyMetadata.KeyId
	if diff := cmp.Diff(want, list(&kms.ListAliasesInput{})); diff != "" {
		t.Error(diff)
	}
	policy, err := client.GetKeyPolicy(context.Background(), &kms.GetKeyPolicyInput{KeyId: key.KeyMetadata.KeyId})
	if err != nil || !strings.Contains(*policy.Policy, `"kms:ViaService" : "s3.us-east-1.amazonaws.com"`) {
		t.Errorf("%+v %v", policy, err)
	}
	_, err = kms.NewFromConfig(s.As("AKIAREADER0000000000", "us-east-1")).DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: key.KeyMetadata.Arn})
	sandboxtest.WantCode(t, "an AWS managed key of another account", err, "AccessDeniedException", 400)
}

func TestPutKeyPolicy(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := kms.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	policy := strings.Replace(state.DefaultKeyPolicy("aws", "222222222222"), "kms:*", "kms:Describe*", 1)
	put := func(id, policy string) error {
		_, err := client.PutKeyPolicy(context.Background(), &kms.PutKeyPolicyInput{KeyId: &id, Policy: &policy})
		return err
	}
	sandboxtest.WantCode(t, "not JSON", put(objectsKey, "{"), "MalformedPolicyDocumentException", 400)
	sandboxtest.WantCode(t, "an AWS managed key", put("arn:aws:kms:us-east-1:222222222222:alias/aws/s3", policy), "NotFoundException", 400)
	sandboxtest.WantCode(t, "a good policy", put(objectsKey, policy), "", 0)
	sandboxtest.WantCode(t, "after giving it away", put(objectsKey, policy), "AccessDeniedException", 400)
	if s.State.Keys[objectsKey].Policy != policy {
		t.Errorf("policy %s", s.State.Keys[objectsKey].Policy)
	}
}

func TestStateOfKey(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	ctx, id := context.Background(), objectsKey
	client := kms.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	disable := func() error { _, err := client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &id}); return err }
	enable := func() error { _, err := client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &id}); return err }
	cancel := func() error {
		_, err := client.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &id})
		return err
	}
	for _, step := range []struct {
		before string
		do     func() error
		code   string
		after  string
	}{
		{"Enabled", disable, "", "Disabled"},
		{"Disabled", disable, "", "Disabled"},
		{"Disabled", enable, "", "Enabled"},
		{"Enabled", cancel, "KMSInvalidStateException", "Enabled"},
		{"Disabled", cancel, "KMSInvalidStateException", "Disabled"},
		{"PendingDeletion", enable, "KMSInvalidStateException", "PendingDeletion"},
		{"PendingDeletion", cancel, "", "Disabled"},
	} {
		s.State.Keys[objectsKey].State = step.before
		status := 0
		if step.code != "" {
			status = 400
		}
		sandboxtest.WantCode(t, step.before, step.do(), step.code, status)
		if got := s.State.Keys[objectsKey].State; got != step.after {
			t.Errorf("%s: then %s, not %s", step.before, got, step.after)
		}
	}
	_, err := client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: aws.String("alias/aws/s3")})
	sandboxtest.WantCode(t, "an alias", err, "NotFoundException", 400)
}
