package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
	"crosscheck/scanner/sandbox/state"
)

// listener is a sandbox, and calls see with each answer.
type listener struct {
	box *sandbox.Sandbox
	see func(operation string, res *http.Response, body []byte)
}

func (l listener) Do(r *http.Request) (*http.Response, error) {
	before := l.box.Calls()
	res, err := l.box.HTTPClient().Do(r)
	if err != nil {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return res, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	for call, n := range l.box.Calls() {
		if n != before[call] {
			l.see(call.Operation, res, body)
		}
	}
	return res, nil
}

// config is an AWS configuration of a caller.
func (l listener) config(key, secret, token, region string) aws.Config {
	return aws.Config{Region: region, HTTPClient: l, Credentials: credentials.NewStaticCredentialsProvider(key, secret, token), RetryMaxAttempts: 1}
}

// askAll makes every read that crosscheck makes, of all that a world has, as the
// administrator of each account. What is refused or absent is as good as an answer.
func askAll(t *testing.T, l listener) {
	t.Helper()
	ctx := t.Context()
	own := l.config(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "", "us-east-1")
	org := organizations.NewFromConfig(own)
	_, _ = org.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	_, _ = org.ListRoots(ctx, &organizations.ListRootsInput{})
	_, _ = org.ListAccounts(ctx, &organizations.ListAccountsInput{})
	_, _ = sts.NewFromConfig(own).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	for id, a := range l.box.State().Accounts {
		_, _ = org.ListParents(ctx, &organizations.ListParentsInput{ChildId: &id})
		for _, kind := range []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy} {
			if out, err := org.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &id, Filter: kind}); err == nil {
				for _, p := range out.Policies {
					_, _ = org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: p.Id})
				}
			}
		}
		l.box.State().Access["AKIAASKEVERYTHING001"] = administratorOf(l.box.State(), id)
		for _, region := range []string{"us-east-1", "eu-west-1", "eu-central-1"} {
			askAccount(ctx, l.config("AKIAASKEVERYTHING001", sandbox.DefaultSecretKey, "", region), l.box, id)
		}
		for name := range a.Roles {
			_, _ = sts.NewFromConfig(own).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &a.Roles[name].ARN, RoleSessionName: aws.String("test")})
		}
	}
}

// administratorOf is a user of an account who may do everything.
func administratorOf(s *state.State, id string) *state.Identity {
	arn := "arn:" + s.Partition + ":iam::"
	u := &state.User{Entity: state.Entity{ARN: arn + id + ":user/asker", Path: "/", Name: "asker", ID: "AIDAASKER", Attached: []string{arn + "aws:policy/AdministratorAccess"}}}
	return s.UserIdentity(s.Accounts[id], u, sandbox.DefaultSecretKey)
}

func askAccount(ctx context.Context, cfg aws.Config, box *sandbox.Sandbox, id string) {
	a := box.State().Accounts[id]
	i := iam.NewFromConfig(cfg)
	_, _ = s3control.NewFromConfig(cfg).GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &id})
	_, _ = i.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []iamtypes.EntityType{iamtypes.EntityTypeRole, iamtypes.EntityTypeLocalManagedPolicy}})
	for _, r := range a.Roles {
		name := &r.Name
		_, _ = i.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		_, _ = i.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})
		_, _ = i.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
		for _, p := range r.Inline {
			_, _ = i.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: &p.Name})
		}
		for _, arn := range append(r.Attached, r.Boundary) {
			if out, err := i.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn}); err == nil {
				_, _ = i.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: out.Policy.DefaultVersionId})
			}
		}
	}
	k := kms.NewFromConfig(cfg)
	for arn, key := range box.State().Keys {
		if key.Account != id || key.Region != cfg.Region {
			continue
		}
		_, _ = k.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &arn})
		_, _ = k.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn})
		_, _ = k.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &arn})
		_, _ = k.ListAliases(ctx, &kms.ListAliasesInput{KeyId: &arn})
		_, _ = k.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &arn})
	}
	c := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	out, err := c.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(1000)})
	if err != nil {
		return
	}
	for _, b := range out.Buckets {
		_, _ = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: b.Name})
		_, _ = c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: b.Name})
		_, _ = c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: b.Name})
		_, _ = c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b.Name})
		_, _ = c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: b.Name})
		_, _ = c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: b.Name})
		_, _ = c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: b.Name})
		_, _ = c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: b.Name})
		_, _ = c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: b.Name})
		_, _ = c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: b.Name})
		_, _ = c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: b.Name})
		_, _ = c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: b.Name})
		_, _ = c.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: b.Name})
		_, _ = c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b.Name})
	}
}

// TestAnswersAreWhole: whatever the sandbox answers, absences and refusals too, is what the
// tables of answers call whole.
func TestAnswersAreWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/worlds/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("worlds: %v, %v", files, err)
	}
	asked := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, ".crosscheck.yaml") {
			continue // a configuration
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := sandbox.Load(filepath.Base(file), text)
		if err != nil {
			t.Fatal(err)
		}
		box, err := sandbox.New(w)
		if err != nil {
			t.Fatal(err)
		}
		askAll(t, listener{box, func(operation string, res *http.Response, body []byte) {
			asked[operation] = true
			_, notes, err := answer.Read(answer.Exchange{API: operation, Status: res.StatusCode, Header: res.Header, Body: bytes.NewReader(body), AWS: true})
			if err != nil || len(notes) > 0 {
				t.Errorf("%s: %s %d: %v, %v\n%.300s", filepath.Base(file), operation, res.StatusCode, err, notes, body)
			}
		}})
	}
	if len(asked) < 30 {
		t.Errorf("only %d operations were asked: %v", len(asked), asked)
	}
}

// TestRawAnswers: a world's text is the answer, of that operation and that thing alone.
func TestRawAnswers(t *testing.T) {
	t.Parallel()
	const raw = `
organization:
  management_account: "111111111111"
  raw: {ListRoots: "raw roots"}
accounts:
  - id: "111111111111"
    raw: {ListParents: "raw parents", GetPublicAccessBlock: "raw block", ListBuckets: "raw buckets"}
    roles: [{name: Plain, trust: '{}'}, {name: Raw, trust: '{}', raw: {GetRole: "raw role"}}]
    keys:
      - {id: 10000000-0000-4000-8000-000000000001, region: us-east-1, aliases: [plain]}
      - {id: 10000000-0000-4000-8000-000000000002, region: us-east-1, aliases: [raw], raw: {DescribeKey: "raw key"}}
    buckets:
      - {name: plain, region: us-east-1}
      - {name: raw-bucket, region: us-east-1, raw: {GetBucketReplication: "raw replication", GetBucketPolicy: "raw policy", GetBucketVersioning: ""}}
  - {id: "222222222222"}
`
	box := sandboxtest.New(t, raw)
	got := map[string]string{} // by operation, the raw texts
	l := listener{box.Sandbox, func(operation string, res *http.Response, body []byte) {
		if strings.HasPrefix(string(body), "raw ") || len(body) == 0 && operation != "s3:HeadBucket" {
			got[operation] += string(body) + ";" + res.Header.Get("Content-Type") + ";"
		}
	}}
	askAll(t, l)
	c := s3.NewFromConfig(l.config(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "", "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	for _, bucket := range []string{"plain", "raw-bucket"} {
		_, _ = c.GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: &bucket})
		_, _ = c.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket})
		_, _ = c.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &bucket})
	}
	k := kms.NewFromConfig(l.config(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "", "us-east-1"))
	for _, key := range []string{"alias/raw", "alias/plain"} {
		_, _ = k.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key})
	}
	for operation, want := range map[string]string{
		"organizations:ListRoots":        "raw roots;application/x-amz-json-1.1;",
		"organizations:ListParents":      "raw parents;application/x-amz-json-1.1;",
		"s3control:GetPublicAccessBlock": "raw block;application/xml;",
		"s3:ListBuckets":                 "raw buckets;application/xml;",
		"iam:GetRole":                    "raw role;text/xml;",
		"kms:DescribeKey":                "raw key;application/x-amz-json-1.1;",
		"s3:GetBucketReplication":        "raw replication;application/xml;",
		"s3:GetBucketPolicy":             "raw policy;application/json;",
		"s3:GetBucketVersioning":         ";application/xml;",
		"organizations:DescribePolicy":   "",
		"iam:ListRolePolicies":           "",
		"s3:GetBucketOwnershipControls":  "",
	} {
		if one := strings.Split(got[operation]+";;", ";"); strings.Join(one[:min(2, len(one))], ";")+";" != want && !(want == "" && got[operation] == "") {
			t.Errorf("%s: %q, want %q", operation, got[operation], want)
		}
	}
	_, err := s3.NewFromConfig(l.config("", "", "", "us-east-1"), func(o *s3.Options) {
		o.UsePathStyle, o.Credentials = true, aws.AnonymousCredentials{}
	}).GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: aws.String("raw-bucket")})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
		t.Errorf("a caller without the permission gets %v", err)
	}
}
