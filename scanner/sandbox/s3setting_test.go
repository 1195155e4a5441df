package sandbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/state"
)

// TestFreshBucket holds what every read answers for a bucket as CreateBucket
// leaves it, and after the setting was deleted.
func TestFreshBucket(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "eu-west-1")
	fresh := aws.String("fresh-bucket")
	created, err := c.CreateBucket(background, &s3.CreateBucketInput{
		Bucket:                    fresh,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(created.Location) != "/fresh-bucket" || aws.ToString(created.BucketArn) != "arn:aws:s3:::fresh-bucket" {
		t.Errorf("CreateBucket: Location %q, BucketArn %q", aws.ToString(created.Location), aws.ToString(created.BucketArn))
	}

	_, err = c.GetBucketReplication(background, &s3.GetBucketReplicationInput{Bucket: fresh})
	wantCode(t, "GetBucketReplication", err, "ReplicationConfigurationNotFoundError", 404)
	_, err = c.DeleteBucketReplication(background, &s3.DeleteBucketReplicationInput{Bucket: fresh})
	wantCode(t, "DeleteBucketReplication", err, "", 0)
	_, err = c.GetBucketPolicy(background, &s3.GetBucketPolicyInput{Bucket: fresh})
	wantCode(t, "GetBucketPolicy", err, "NoSuchBucketPolicy", 404)
	_, err = c.GetBucketPolicyStatus(background, &s3.GetBucketPolicyStatusInput{Bucket: fresh})
	wantCode(t, "GetBucketPolicyStatus", err, "NoSuchBucketPolicy", 404)
	_, err = c.GetObjectLockConfiguration(background, &s3.GetObjectLockConfigurationInput{Bucket: fresh})
	wantCode(t, "GetObjectLockConfiguration", err, "ObjectLockConfigurationNotFoundError", 404)
	_, err = c.GetBucketLifecycleConfiguration(background, &s3.GetBucketLifecycleConfigurationInput{Bucket: fresh})
	wantCode(t, "GetBucketLifecycleConfiguration", err, "NoSuchLifecycleConfiguration", 404)
	_, err = c.GetBucketTagging(background, &s3.GetBucketTaggingInput{Bucket: fresh})
	wantCode(t, "GetBucketTagging", err, "NoSuchTagSet", 404)

	versioning, err := c.GetBucketVersioning(background, &s3.GetBucketVersioningInput{Bucket: fresh})
	if err != nil || versioning.Status != "" || versioning.MFADelete != "" {
		t.Errorf("GetBucketVersioning: %+v, %v", versioning, err)
	}
	ownership, err := c.GetBucketOwnershipControls(background, &s3.GetBucketOwnershipControlsInput{Bucket: fresh})
	if err != nil || len(ownership.OwnershipControls.Rules) != 1 || ownership.OwnershipControls.Rules[0].ObjectOwnership != "BucketOwnerEnforced" {
		t.Errorf("GetBucketOwnershipControls: %+v, %v", ownership, err)
	}
	encryption, err := c.GetBucketEncryption(background, &s3.GetBucketEncryptionInput{Bucket: fresh})
	if err != nil {
		t.Fatal(err)
	}
	e := encryption.ServerSideEncryptionConfiguration.Rules[0]
	if e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" || aws.ToBool(e.BucketKeyEnabled) || e.BlockedEncryptionTypes.EncryptionType[0] != "SSE-C" {
		t.Errorf("GetBucketEncryption: %+v", e)
	}
	block, err := c.GetPublicAccessBlock(background, &s3.GetPublicAccessBlockInput{Bucket: fresh})
	if err != nil || !aws.ToBool(block.PublicAccessBlockConfiguration.RestrictPublicBuckets) || !aws.ToBool(block.PublicAccessBlockConfiguration.BlockPublicAcls) {
		t.Errorf("GetPublicAccessBlock: %+v, %v", block, err)
	}
	payment, err := c.GetBucketRequestPayment(background, &s3.GetBucketRequestPaymentInput{Bucket: fresh})
	if err != nil || payment.Payer != "BucketOwner" {
		t.Errorf("GetBucketRequestPayment: %+v, %v", payment, err)
	}
	notification, err := c.GetBucketNotificationConfiguration(background, &s3.GetBucketNotificationConfigurationInput{Bucket: fresh})
	if err != nil || notification.TopicConfigurations != nil || notification.EventBridgeConfiguration != nil {
		t.Errorf("GetBucketNotificationConfiguration: %+v, %v", notification, err)
	}
	location, err := c.GetBucketLocation(background, &s3.GetBucketLocationInput{Bucket: fresh})
	if err != nil || location.LocationConstraint != "EU" {
		t.Errorf("GetBucketLocation: %+v, %v", location, err)
	}
	acl, err := c.GetBucketAcl(background, &s3.GetBucketAclInput{Bucket: fresh})
	if err != nil || aws.ToString(acl.Owner.ID) != s.state.CanonicalID("111111111111") || acl.Grants[0].Permission != "FULL_CONTROL" || acl.Grants[0].Grantee.Type != "CanonicalUser" {
		t.Errorf("GetBucketAcl: %+v, %v", acl, err)
	}
	head, err := c.HeadBucket(background, &s3.HeadBucketInput{Bucket: fresh})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("HeadBucket: %+v, %v", head, err)
	}

	for range 2 { // present, then absent
		_, err = c.DeleteBucketOwnershipControls(background, &s3.DeleteBucketOwnershipControlsInput{Bucket: fresh})
		wantCode(t, "DeleteBucketOwnershipControls", err, "", 0)
		_, err = c.DeletePublicAccessBlock(background, &s3.DeletePublicAccessBlockInput{Bucket: fresh})
		wantCode(t, "DeletePublicAccessBlock", err, "", 0)
	}
	_, err = c.GetBucketOwnershipControls(background, &s3.GetBucketOwnershipControlsInput{Bucket: fresh})
	wantCode(t, "GetBucketOwnershipControls after delete", err, "OwnershipControlsNotFoundError", 404)
	_, err = c.GetPublicAccessBlock(background, &s3.GetPublicAccessBlockInput{Bucket: fresh})
	wantCode(t, "GetPublicAccessBlock after delete", err, "NoSuchPublicAccessBlockConfiguration", 404)

	_, err = c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: fresh})
	wantCode(t, "DeleteBucket", err, "", 0)
	_, err = c.HeadBucket(background, &s3.HeadBucketInput{Bucket: fresh})
	wantCode(t, "HeadBucket after delete", err, "NotFound", 404)
}

func TestCreateBucketRefusals(t *testing.T) {
	s := storage(t)
	for _, test := range []struct {
		name, caller, region, bucket, constraint, code string
		status                                         int
	}{
		{"own", sourceAdmin, "us-east-1", "src", "", "BucketAlreadyOwnedByYou", 409},
		{"taken", backupAdmin, "us-east-1", "src", "", "BucketAlreadyExists", 409},
		{"no constraint outside us-east-1", sourceAdmin, "us-west-2", "new-bucket", "", "IllegalLocationConstraintException", 400},
		{"another Region's constraint", sourceAdmin, "us-west-2", "new-bucket", "eu-west-1", "IllegalLocationConstraintException", 400},
		{"us-east-1 as constraint", sourceAdmin, "us-east-1", "new-bucket", "us-east-1", "InvalidLocationConstraint", 400},
		{"any Region from us-east-1", sourceAdmin, "us-east-1", "new-bucket", "ap-southeast-2", "", 0},
		{"upper case", sourceAdmin, "us-east-1", "New_Bucket", "", "InvalidBucketName", 400},
	} {
		in := &s3.CreateBucketInput{Bucket: &test.bucket}
		if test.constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(test.constraint)}
		}
		_, err := s.s3(test.caller, test.region, pathStyle).CreateBucket(background, in)
		wantCode(t, test.name, err, test.code, test.status)
	}
}

func TestDeleteBucketNotEmpty(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	versioned, key := aws.String("versioned"), aws.String("k")
	id := put(t, c, "versioned", "k", "x")
	marker, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: versioned, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: versioned})
	wantCode(t, "with versions", err, "BucketNotEmpty", 409)
	for _, id := range []string{id, *marker.VersionId} {
		if _, err := c.DeleteObject(background, &s3.DeleteObjectInput{Bucket: versioned, Key: key, VersionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: versioned})
	wantCode(t, "empty", err, "", 0)
}

// TestSettings puts each setting and reads it back.
func TestSettings(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b := aws.String("versioned")

	_, err := c.PutBucketEncryption(background, &s3.PutBucketEncryptionInput{Bucket: b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: aws.String("alias/source")},
			BucketKeyEnabled:                   aws.Bool(true),
			BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{"NONE"}},
		}},
	}})
	wantCode(t, "PutBucketEncryption", err, "", 0)
	encryption, err := c.GetBucketEncryption(background, &s3.GetBucketEncryptionInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	e := encryption.ServerSideEncryptionConfiguration.Rules[0]
	if e.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "aws:kms" || *e.ApplyServerSideEncryptionByDefault.KMSMasterKeyID != "alias/source" ||
		!*e.BucketKeyEnabled || e.BlockedEncryptionTypes.EncryptionType[0] != "NONE" {
		t.Errorf("encryption: %+v", e)
	}
	_, err = c.DeleteBucketEncryption(background, &s3.DeleteBucketEncryptionInput{Bucket: b})
	wantCode(t, "DeleteBucketEncryption", err, "", 0)
	if got := s.state.Bucket("versioned").Encryption.Algorithm; got != "AES256" {
		t.Errorf("encryption after delete: %s", got)
	}

	lifecycle := &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
		ID: aws.String("old"), Status: "Enabled", Filter: &types.LifecycleRuleFilter{Prefix: aws.String("logs/")},
		Expiration:                  &types.LifecycleExpiration{Days: aws.Int32(30)},
		NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)},
		Transitions:                 []types.Transition{{Days: aws.Int32(10), StorageClass: "GLACIER"}},
	}}}
	_, err = c.PutBucketLifecycleConfiguration(background, &s3.PutBucketLifecycleConfigurationInput{Bucket: b, LifecycleConfiguration: lifecycle})
	wantCode(t, "PutBucketLifecycleConfiguration", err, "", 0)
	gotLifecycle, err := c.GetBucketLifecycleConfiguration(background, &s3.GetBucketLifecycleConfigurationInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	r := gotLifecycle.Rules[0]
	if *r.ID != "old" || *r.Filter.Prefix != "logs/" || *r.Expiration.Days != 30 || *r.NoncurrentVersionExpiration.NoncurrentDays != 7 || r.Transitions[0].StorageClass != "GLACIER" {
		t.Errorf("lifecycle: %+v", r)
	}
	_, err = c.DeleteBucketLifecycle(background, &s3.DeleteBucketLifecycleInput{Bucket: b})
	wantCode(t, "DeleteBucketLifecycle", err, "", 0)

	_, err = c.PutBucketNotificationConfiguration(background, &s3.PutBucketNotificationConfigurationInput{Bucket: b, NotificationConfiguration: &types.NotificationConfiguration{
		EventBridgeConfiguration: &types.EventBridgeConfiguration{},
		QueueConfigurations:      []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:111111111111:q"), Events: []types.Event{"s3:Replication:*"}}},
		LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{
			Id: aws.String("l"), LambdaFunctionArn: aws.String("arn:aws:lambda:us-east-1:111111111111:function:f"), Events: []types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"},
			Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{{Name: "prefix", Value: aws.String("p")}}}},
		}},
	}})
	wantCode(t, "PutBucketNotificationConfiguration", err, "", 0)
	n, err := c.GetBucketNotificationConfiguration(background, &s3.GetBucketNotificationConfigurationInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	if n.EventBridgeConfiguration == nil || n.QueueConfigurations[0].Events[0] != "s3:Replication:*" || *n.QueueConfigurations[0].Id == "" ||
		len(n.LambdaFunctionConfigurations[0].Events) != 2 || *n.LambdaFunctionConfigurations[0].Filter.Key.FilterRules[0].Value != "p" {
		t.Errorf("notification: %+v", n)
	}

	_, err = c.PutBucketRequestPayment(background, &s3.PutBucketRequestPaymentInput{Bucket: b, RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: "Requester"}})
	wantCode(t, "PutBucketRequestPayment", err, "", 0)
	payment, err := c.GetBucketRequestPayment(background, &s3.GetBucketRequestPaymentInput{Bucket: b})
	if err != nil || payment.Payer != "Requester" {
		t.Errorf("payment: %+v, %v", payment, err)
	}

	_, err = c.PutPublicAccessBlock(background, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}})
	wantCode(t, "PutPublicAccessBlock", err, "", 0)
	if diff := cmp.Diff(state.PublicAccessBlock{BlockACLs: true}, *s.state.Bucket("versioned").PublicAccess); diff != "" {
		t.Errorf("a partial block replaces the whole (-want +got):\n%s", diff)
	}
	_, err = c.PutPublicAccessBlock(background, &s3.PutPublicAccessBlockInput{Bucket: b, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	wantCode(t, "empty PutPublicAccessBlock", err, "InvalidRequest", 400)

	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("dr")}}
	_, err = c.PutBucketTagging(background, &s3.PutBucketTaggingInput{Bucket: b, Tagging: &types.Tagging{TagSet: tags}})
	wantCode(t, "PutBucketTagging", err, "", 0)
	tagging, err := c.GetBucketTagging(background, &s3.GetBucketTaggingInput{Bucket: b})
	if err != nil || len(tagging.TagSet) != 1 || *tagging.TagSet[0].Value != "dr" {
		t.Errorf("tagging: %+v, %v", tagging, err)
	}
	_, err = c.DeleteBucketTagging(background, &s3.DeleteBucketTaggingInput{Bucket: b})
	wantCode(t, "DeleteBucketTagging", err, "", 0)

	_, err = c.PutBucketOwnershipControls(background, &s3.PutBucketOwnershipControlsInput{Bucket: b, OwnershipControls: &types.OwnershipControls{
		Rules: []types.OwnershipControlsRule{{ObjectOwnership: "ObjectWriter"}},
	}})
	wantCode(t, "PutBucketOwnershipControls", err, "", 0)

	lock := &types.ObjectLockConfiguration{ObjectLockEnabled: "Enabled", Rule: &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: "GOVERNANCE", Days: aws.Int32(7)}}}
	_, err = c.PutObjectLockConfiguration(background, &s3.PutObjectLockConfigurationInput{Bucket: aws.String("plain"), ObjectLockConfiguration: lock})
	wantCode(t, "PutObjectLockConfiguration without versioning", err, "InvalidBucketState", 409)
	_, err = c.PutObjectLockConfiguration(background, &s3.PutObjectLockConfigurationInput{Bucket: b, ObjectLockConfiguration: lock})
	wantCode(t, "PutObjectLockConfiguration", err, "", 0)
	gotLock, err := c.GetObjectLockConfiguration(background, &s3.GetObjectLockConfigurationInput{Bucket: b})
	if err != nil || gotLock.ObjectLockConfiguration.Rule.DefaultRetention.Mode != "GOVERNANCE" || *gotLock.ObjectLockConfiguration.Rule.DefaultRetention.Days != 7 {
		t.Errorf("lock: %+v, %v", gotLock, err)
	}

	suspend := func(bucket string) error {
		_, err := c.PutBucketVersioning(background, &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Suspended"}})
		return err
	}
	wantCode(t, "suspending a locked bucket", suspend("versioned"), "InvalidBucketState", 409)
	wantCode(t, "suspending a replicating bucket", suspend("src"), "InvalidBucketState", 409)
	wantCode(t, "suspending", suspend("plain"), "", 0)
	versioning, err := c.GetBucketVersioning(background, &s3.GetBucketVersioningInput{Bucket: aws.String("plain")})
	if err != nil || versioning.Status != "Suspended" {
		t.Errorf("versioning: %+v, %v", versioning, err)
	}
}

func TestBucketPolicy(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	b := aws.String("versioned")
	putPolicy := func(policy string) error {
		_, err := c.PutBucketPolicy(background, &s3.PutBucketPolicyInput{Bucket: b, Policy: &policy})
		return err
	}
	statement := func(principal string) string {
		return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": %s, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::versioned/*"}]}`, principal)
	}
	wantCode(t, "account id", putPolicy(statement(`{"AWS": ["222222222222", "arn:aws:iam::333333333333:root"]}`)), "", 0)
	got, err := c.GetBucketPolicy(background, &s3.GetBucketPolicyInput{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(statement(`{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]}`), " ", "")
	if *got.Policy != want {
		t.Errorf("read back %s\nwant %s", *got.Policy, want)
	}
	status, err := c.GetBucketPolicyStatus(background, &s3.GetBucketPolicyStatusInput{Bucket: b})
	if err != nil || aws.ToBool(status.PolicyStatus.IsPublic) {
		t.Errorf("status: %+v, %v", status, err)
	}
	wantCode(t, "public under BlockPublicPolicy", putPolicy(statement(`"*"`)), "AccessDenied", 403)
	wantCode(t, "another bucket", putPolicy(strings.ReplaceAll(statement(`"*"`), "versioned/*", "src/*")), "MalformedPolicy", 400)
	wantCode(t, "en dashes", putPolicy(strings.ReplaceAll(statement(`{"AWS": "222222222222"}`), "2012-10-17", "2012–10–17")), "MalformedPolicy", 400)
	wantCode(t, "no JSON", putPolicy("{"), "MalformedPolicy", 400)
	if s.state.Bucket("versioned").Policy != want {
		t.Error("a refused policy leaves the old one")
	}
	if _, err := c.DeletePublicAccessBlock(background, &s3.DeletePublicAccessBlockInput{Bucket: b}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "public without BlockPublicPolicy", putPolicy(statement(`"*"`)), "", 0)
	status, err = c.GetBucketPolicyStatus(background, &s3.GetBucketPolicyStatusInput{Bucket: b})
	if err != nil || !aws.ToBool(status.PolicyStatus.IsPublic) {
		t.Errorf("status of a public policy: %+v, %v", status, err)
	}
	_, err = c.DeleteBucketPolicy(background, &s3.DeleteBucketPolicyInput{Bucket: b})
	wantCode(t, "delete", err, "", 0)
}

func TestListBuckets(t *testing.T) {
	s := storage(t)
	c := s.s3(sourceAdmin, "us-east-1")
	plain, err := c.ListBuckets(background, &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(plain.Buckets) != 4 || plain.Buckets[0].BucketRegion != nil || aws.ToString(plain.Owner.ID) != s.state.CanonicalID("111111111111") {
		t.Errorf("without parameters: %d buckets, Region %v", len(plain.Buckets), plain.Buckets[0].BucketRegion)
	}
	list := func(in s3.ListBucketsInput) (names []string) {
		p := s3.NewListBucketsPaginator(c, &in)
		for p.HasMorePages() {
			page, err := p.NextPage(background)
			if err != nil {
				t.Fatal(err)
			}
			if in.MaxBuckets != nil && len(page.Buckets) > int(*in.MaxBuckets) {
				t.Errorf("a page of %d buckets", len(page.Buckets))
			}
			for _, b := range page.Buckets {
				names = append(names, *b.Name+" "+aws.ToString(b.BucketRegion))
			}
		}
		return names
	}
	all := []string{"elsewhere eu-west-1", "plain us-east-1", "src us-east-1", "versioned us-east-1"}
	for n := int32(1); n <= 5; n++ {
		if diff := cmp.Diff(all, list(s3.ListBucketsInput{MaxBuckets: &n})); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", n, diff)
		}
	}
	if diff := cmp.Diff([]string{"src us-east-1"}, list(s3.ListBucketsInput{Prefix: aws.String("sr")})); diff != "" {
		t.Errorf("prefix (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all[1:], list(s3.ListBucketsInput{BucketRegion: aws.String("us-east-1"), MaxBuckets: aws.Int32(2)})); diff != "" {
		t.Errorf("Region (-want +got):\n%s", diff)
	}
	// The index follows what comes and goes, also where the number stays.
	c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: aws.String("plain")})
	c.CreateBucket(background, &s3.CreateBucketInput{Bucket: aws.String("another")})
	if diff := cmp.Diff([]string{"another us-east-1", all[0], all[2], all[3]}, list(s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})); diff != "" {
		t.Errorf("after a delete and a create (-want +got):\n%s", diff)
	}
	c.CreateBucket(background, &s3.CreateBucketInput{Bucket: aws.String("third")})
	if diff := cmp.Diff([]string{"third us-east-1"}, list(s3.ListBucketsInput{Prefix: aws.String("third")})); diff != "" {
		t.Errorf("after a create (-want +got):\n%s", diff)
	}
	c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: aws.String("third")})
	c.DeleteBucket(background, &s3.DeleteBucketInput{Bucket: aws.String("another")})
	if diff := cmp.Diff([]string{all[0], all[2], all[3]}, list(s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})); diff != "" {
		t.Errorf("after two deletes (-want +got):\n%s", diff)
	}
	_, err = c.ListBuckets(background, &s3.ListBucketsInput{BucketRegion: aws.String("eu-west-1")})
	wantCode(t, "another endpoint's Region", err, "InvalidArgument", 400)
	_, err = c.ListBuckets(background, &s3.ListBucketsInput{MaxBuckets: aws.Int32(10001)})
	wantCode(t, "page too large", err, "InvalidArgument", 400)
}
