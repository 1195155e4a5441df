package setting_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestFreshBucket holds what every read answers for a bucket as CreateBucket
// leaves it, and after the setting was deleted.
func TestFreshBucket(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "eu-west-1")
	fresh := aws.String("fresh-bucket")
	created, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{
		Bucket:                    fresh,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(created.Location) != "/fresh-bucket" || aws.ToString(created.BucketArn) != "arn:aws:s3:::fresh-bucket" {
		t.Errorf("CreateBucket: Location %q, BucketArn %q", aws.ToString(created.Location), aws.ToString(created.BucketArn))
	}

	_, err = c.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketReplication", err, "ReplicationConfigurationNotFoundError", 404)
	_, err = c.DeleteBucketReplication(context.Background(), &s3.DeleteBucketReplicationInput{Bucket: fresh})
	sandboxtest.WantCode(t, "DeleteBucketReplication", err, "", 0)
	_, err = c.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketPolicy", err, "NoSuchBucketPolicy", 404)
	_, err = c.GetBucketPolicyStatus(context.Background(), &s3.GetBucketPolicyStatusInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketPolicyStatus", err, "NoSuchBucketPolicy", 404)
	_, err = c.GetObjectLockConfiguration(context.Background(), &s3.GetObjectLockConfigurationInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetObjectLockConfiguration", err, "ObjectLockConfigurationNotFoundError", 404)
	_, err = c.GetBucketLifecycleConfiguration(context.Background(), &s3.GetBucketLifecycleConfigurationInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketLifecycleConfiguration", err, "NoSuchLifecycleConfiguration", 404)
	_, err = c.GetBucketTagging(context.Background(), &s3.GetBucketTaggingInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketTagging", err, "NoSuchTagSet", 404)

	versioning, err := c.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: fresh})
	if err != nil || versioning.Status != "" || versioning.MFADelete != "" {
		t.Errorf("GetBucketVersioning: %+v, %v", versioning, err)
	}
	ownership, err := c.GetBucketOwnershipControls(context.Background(), &s3.GetBucketOwnershipControlsInput{Bucket: fresh})
	if err != nil || len(ownership.OwnershipControls.Rules) != 1 || ownership.OwnershipControls.Rules[0].ObjectOwnership != "BucketOwnerEnforced" {
		t.Errorf("GetBucketOwnershipControls: %+v, %v", ownership, err)
	}
	encryption, err := c.GetBucketEncryption(context.Background(), &s3.GetBucketEncryptionInput{Bucket: fresh})
	if err != nil {
		t.Fatal(err)
	}
	e := encryption.ServerSideEncryptionConfiguration.Rules[0]
	if e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" || aws.ToBool(e.BucketKeyEnabled) || e.BlockedEncryptionTypes.EncryptionType[0] != "SSE-C" {
		t.Errorf("GetBucketEncryption: %+v", e)
	}
	block, err := c.GetPublicAccessBlock(context.Background(), &s3.GetPublicAccessBlockInput{Bucket: fresh})
	if err != nil || !aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets) || !aws.ToBool(block.PublicAccessBlockConfiguration.BlockPublicAcls) {
		t.Errorf("GetPublicAccessBlock: %+v, %v", block, err)
	}
	payment, err := c.GetBucketRequestPayment(context.Background(), &s3.GetBucketRequestPaymentInput{Bucket: fresh})
	if err != nil || payment.Payer != "BucketOwner" {
		t.Errorf("GetBucketRequestPayment: %+v, %v", payment, err)
	}
	notification, err := c.GetBucketNotificationConfiguration(context.Background(), &s3.GetBucketNotificationConfigurationInput{Bucket: fresh})
	if err != nil || notification.TopicConfigurations != nil || notification.EventBridgeConfiguration != nil {
		t.Errorf("GetBucketNotificationConfiguration: %+v, %v", notification, err)
	}
	abac, err := c.GetBucketAbac(context.Background(), &s3.GetBucketAbacInput{Bucket: fresh})
	if err != nil || abac.AbacStatus.Status != "Disabled" {
		t.Errorf("GetBucketAbac: %+v, %v", abac, err)
	}
	location, err := c.GetBucketLocation(context.Background(), &s3.GetBucketLocationInput{Bucket: fresh})
	if err != nil || location.LocationConstraint != "EU" {
		t.Errorf("GetBucketLocation: %+v, %v", location, err)
	}
	acl, err := c.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: fresh})
	if err != nil || aws.ToString(acl.Owner.ID) != s.State.CanonicalID("111111111111") || acl.Grants[0].Permission != "FULL_CONTROL" || acl.Grants[0].Grantee.Type != "CanonicalUser" {
		t.Errorf("GetBucketAcl: %+v, %v", acl, err)
	}
	head, err := c.HeadBucket(context.Background(), &s3.HeadBucketInput{Bucket: fresh})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("HeadBucket: %+v, %v", head, err)
	}

	for range 2 { // present, then absent
		_, err = c.DeleteBucketOwnershipControls(context.Background(), &s3.DeleteBucketOwnershipControlsInput{Bucket: fresh})
		sandboxtest.WantCode(t, "DeleteBucketOwnershipControls", err, "", 0)
		_, err = c.DeletePublicAccessBlock(context.Background(), &s3.DeletePublicAccessBlockInput{Bucket: fresh})
		sandboxtest.WantCode(t, "DeletePublicAccessBlock", err, "", 0)
	}
	_, err = c.GetBucketOwnershipControls(context.Background(), &s3.GetBucketOwnershipControlsInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetBucketOwnershipControls after delete", err, "OwnershipControlsNotFoundError", 404)
	_, err = c.GetPublicAccessBlock(context.Background(), &s3.GetPublicAccessBlockInput{Bucket: fresh})
	sandboxtest.WantCode(t, "GetPublicAccessBlock after delete", err, "NoSuchPublicAccessBlockConfiguration", 404)

	_, err = c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: fresh})
	sandboxtest.WantCode(t, "DeleteBucket", err, "", 0)
	_, err = c.HeadBucket(context.Background(), &s3.HeadBucketInput{Bucket: fresh})
	sandboxtest.WantCode(t, "HeadBucket after delete", err, "NotFound", 404)
}

// TestSettings puts each setting and reads it back.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b := aws.String("versioned")

	_, err := c.PutBucketEncryption(context.Background(), &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: aws.String("alias/source")},
			BucketKeyEnabled:                   aws.Bool(true),
			BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{"NONE"}},
		}},
	}})
	sandboxtest.WantCode(t, "PutBucketEncryption", err, "", 0)
	encryption, err := c.GetBucketEncryption(context.Background(), &s3.GetBucketEncryptionInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	e := encryption.ServerSideEncryptionConfiguration.Rules[0]
	if e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "aws:kms" || *e.ApplyServerSideEncryptionByDefault.KMSMasterKeyID != "alias/source" ||
		!*e.BucketKeyEnabled || e.BlockedEncryptionTypes.EncryptionType[0] != "NONE" {
		t.Errorf("encryption: %+v", e)
	}
	_, err = c.DeleteBucketEncryption(context.Background(), &s3.DeleteBucketEncryptionInput{Bucket: b})
	sandboxtest.WantCode(t, "DeleteBucketEncryption", err, "", 0)
	if got := s.State.Bucket("versioned").Encryption.Algorithm; got != "AES256" {
		t.Errorf("encryption after delete: %s", got)
	}

	lifecycle := &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
		ID: aws.String("old"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("logs/")},
		Expiration:                  &types.LifecycleExpiration{Days: aws.Int32(30)},
		NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)},
		Transitions:                 []types.Transition{{Days: aws.Int32(10), StorageClass: "GLACIER"}},
	}}}
	_, err = c.PutBucketLifecycleConfiguration(context.Background(), &s3.PutBucketLifecycleConfigurationInput{Bucket: b, LifecycleConfiguration: lifecycle})
	sandboxtest.WantCode(t, "PutBucketLifecycleConfiguration", err, "", 0)
	gotLifecycle, err := c.GetBucketLifecycleConfiguration(context.Background(), &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	r := gotLifecycle.Rules[0]
	if *r.ID != "old" || *r.Filter.Prefix != "logs/" || *r.Expiration.Days != 30 || *r.NoncurrentVersionExpiration.NoncurrentDays != 7 || r.Transitions[0].StorageClass != "GLACIER" {
		t.Errorf("lifecycle: %+v", r)
	}
	_, err = c.DeleteBucketLifecycle(context.Background(), &s3.DeleteBucketLifecycleInput{Bucket: b})
	sandboxtest.WantCode(t, "DeleteBucketLifecycle", err, "", 0)

	_, err = c.PutBucketNotificationConfiguration(context.Background(), &s3.PutBucketNotificationConfigurationInput{Bucket: b, NotificationConfiguration: &types.NotificationConfiguration{
		EventBridgeConfiguration: &types.EventBridgeConfiguration{},
		QueueConfigurations:      []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:111111111111:q"), Events: []types.Event{"s3:Replication:*"}}},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{
			Id: aws.String("l"), LambdaFunctionArn: aws.String("arn:aws:lambda:us-east-1:111111111111:function:f"), Events: []types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"},
			Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{{Name: "prefix", Value: aws.String("p")}}}},
		}},
	}})
	sandboxtest.WantCode(t, "PutBucketNotificationConfiguration", err, "", 0)
	n, err := c.GetBucketNotificationConfiguration(context.Background(), &s3.GetBucketNotificationConfigurationInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	if n.EventBridgeConfiguration == nil || n.QueueConfigurations[0].Events[0] != "s3:Replication:*" || *n.QueueConfigurations[0].Id == "" ||
		len(n.LambdaFunctionConfigurations[0].Events) != 2 || *n.LambdaFunctionConfigurations[0].Filter.Key.FilterRules[0].Value != "p" {
		t.Errorf("notification: %+v", n)
	}

	_, err = c.PutBucketRequestPayment(context.Background(), &s3.PutBucketRequestPaymentInput{Bucket: b, RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: "Requester"}})
	sandboxtest.WantCode(t, "PutBucketRequestPayment", err, "", 0)
	payment, err := c.GetBucketRequestPayment(context.Background(), &s3.GetBucketRequestPaymentInput{Bucket: b})
	if err != nil || payment.Payer != "Requester" {
		t.Errorf("payment: %+v, %v", payment, err)
	}

	_, err = c.PutPublicAccessBlock(context.Background(), &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}})
	sandboxtest.WantCode(t, "PutPublicAccessBlock", err, "", 0)
	if diff := cmp.Diff(state.PublicAccessBlock{BlockACLs: true}, *s.State.Bucket("versioned").PublicAccess); diff != "" {
		t.Errorf("a partial block replaces the whole (-want +got):\n%s", diff)
	}
	_, err = c.PutPublicAccessBlock(context.Background(), &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	sandboxtest.WantCode(t, "empty PutPublicAccessBlock", err, "InvalidRequest", 400)

	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("dr")}}
	_, err = c.PutBucketTagging(context.Background(), &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: tags}})
	sandboxtest.WantCode(t, "PutBucketTagging", err, "", 0)
	tagging, err := c.GetBucketTagging(context.Background(), &s3.GetBucketTaggingInput{Bucket: b})
	if err != nil || len(tagging.TagSet) != 1 || *tagging.TagSet[0].Value != "dr" {
		t.Errorf("tagging: %+v, %v", tagging, err)
	}
	_, err = c.DeleteBucketTagging(context.Background(), &s3.DeleteBucketTaggingInput{Bucket: b})
	sandboxtest.WantCode(t, "DeleteBucketTagging", err, "", 0)

	_, err = c.PutBucketOwnershipControls(context.Background(), &s3.PutBucketOwnershipControlsInput{Bucket: b, OwnershipControls: &types.OwnershipControls{
		Rules: []types.OwnershipControlsRule{{ObjectOwnership: "ObjectWriter"}},
	}})
	sandboxtest.WantCode(t, "PutBucketOwnershipControls", err, "", 0)

	lock := &types.ObjectLockConfiguration{ObjectLockEnabled: "Enabled", Rule: &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: "GOVERNANCE", Days: aws.Int32(7)}}}
	_, err = c.PutObjectLockConfiguration(context.Background(), &s3.PutObjectLockConfigurationInput{Bucket: aws.String("plain"), ObjectLockConfiguration: lock})
	sandboxtest.WantCode(t, "PutObjectLockConfiguration without versioning", err, "InvalidBucketState", 409)
	_, err = c.PutObjectLockConfiguration(context.Background(), &s3.PutObjectLockConfigurationInput{Bucket: b, ObjectLockConfiguration: lock})
	sandboxtest.WantCode(t, "PutObjectLockConfiguration", err, "", 0)
	gotLock, err := c.GetObjectLockConfiguration(context.Background(), &s3.GetObjectLockConfigurationInput{Bucket: b})
	if err != nil || gotLock.ObjectLockConfiguration.Rule.DefaultRetention.Mode != "GOVERNANCE" || *gotLock.ObjectLockConfiguration.Rule.DefaultRetention.Days != 7 {
		t.Errorf("lock: %+v, %v", gotLock, err)
	}

	suspend := func(bucket string) error {
		_, err := c.PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Suspended"}})
		return err
	}
	sandboxtest.WantCode(t, "suspending a locked bucket", suspend("versioned"), "InvalidBucketState", 409)
	sandboxtest.WantCode(t, "suspending a replicating bucket", suspend("src"), "InvalidBucketState", 409)
	sandboxtest.WantCode(t, "suspending", suspend("plain"), "", 0)
	versioning, err := c.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: aws.String("plain")})
	if err != nil || versioning.Status != "Suspended" {
		t.Errorf("versioning: %+v, %v", versioning, err)
	}
}

func TestBucketPolicy(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b := aws.String("versioned")
	putPolicy := func(policy string) error {
		_, err := c.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: b, Policy: &policy})
		return err
	}
	statement := func(principal string) string {
		return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": %s, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::versioned/*"}]}`, principal)
	}
	sandboxtest.WantCode(t, "account id", putPolicy(statement(`{"AWS": ["222222222222", "arn:aws:iam::333333333333:root"]}`)), "", 0)
	got, err := c.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(statement(`{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]}`), " ", "")
	if *got.Policy != want {
		t.Errorf("read back %s\nwant %s", *got.Policy, want)
	}
	status, err := c.GetBucketPolicyStatus(context.Background(), &s3.GetBucketPolicyStatusInput{Bucket: b})
	if err != nil || aws.ToBool(status.PolicyStatus.IsPublic) {
		t.Errorf("status: %+v, %v", status, err)
	}
	sandboxtest.WantCode(t, "public under BlockPublicPolicy", putPolicy(statement(`"*"`)), "AccessDenied", 403)
	sandboxtest.WantCode(t, "another bucket", putPolicy(strings.ReplaceAll(statement(`"*"`), "versioned/*", "src/*")), "MalformedPolicy", 400)
	sandboxtest.WantCode(t, "en dashes", putPolicy(strings.ReplaceAll(statement(`{"AWS": "222222222222"}`), "2012-10-17", "2012–10–17")), "MalformedPolicy", 400)
	sandboxtest.WantCode(t, "no JSON", putPolicy("{"), "MalformedPolicy", 400)
	if s.State.Bucket("versioned").Policy != want {
		t.Error("a refused policy leaves the old one")
	}
	if _, err := c.DeletePublicAccessBlock(context.Background(), &s3.DeletePublicAccessBlockInput{Bucket: b}); err != nil {
		t.Fatal(err)
	}
	sandboxtest.WantCode(t, "public without BlockPublicPolicy", putPolicy(statement(`"*"`)), "", 0)
	status, err = c.GetBucketPolicyStatus(context.Background(), &s3.GetBucketPolicyStatusInput{Bucket: b})
	if err != nil || !aws.ToBool(status.PolicyStatus.IsPublic) {
		t.Errorf("status of a public policy: %+v, %v", status, err)
	}
	_, err = c.DeleteBucketPolicy(context.Background(), &s3.DeleteBucketPolicyInput{Bucket: b})
	sandboxtest.WantCode(t, "delete", err, "", 0)
}
