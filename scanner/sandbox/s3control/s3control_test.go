package s3control_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestAccountPublicAccessBlock(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Control(t)
	client := s3control.NewFromConfig(s.As("AKIAALICE00000000000", "us-east-1"))
	get := &s3control.GetPublicAccessBlockInput{AccountId: aws.String("222222222222")}
	out, err := client.GetPublicAccessBlock(context.Background(), get)
	if err != nil {
		t.Fatal(err)
	}
	b := out.PublicAccessBlockConfiguration
	if !*b.BlockPublicAcls || *b.IgnorePublicAcls || *b.BlockPublicPolicy || !*b.RestrictPublicBuckets {
		t.Errorf("%+v", b)
	}
	put := &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String("222222222222"), PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{IgnorePublicAcls: aws.Bool(true)},
	}
	_, err = client.PutPublicAccessBlock(context.Background(), put)
	sandboxtest.WantCode(t, "PutPublicAccessBlock by a reader", err, "AccessDenied", 403)

	admin := s3control.NewFromConfig(s.As("AKIABOUNDED000000000", "us-east-1"))
	if _, err := admin.PutPublicAccessBlock(context.Background(), put); err != nil {
		t.Fatal(err)
	}
	out, err = client.GetPublicAccessBlock(context.Background(), get)
	if err != nil || !*out.PublicAccessBlockConfiguration.IgnorePublicAcls || *out.PublicAccessBlockConfiguration.BlockPublicAcls {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := admin.DeletePublicAccessBlock(context.Background(), &s3control.DeletePublicAccessBlockInput{AccountId: aws.String("222222222222")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetPublicAccessBlock(context.Background(), get)
	sandboxtest.WantCode(t, "none", err, "NoSuchPublicAccessBlockConfiguration", 404)
	_, err = client.GetPublicAccessBlock(context.Background(), &s3control.GetPublicAccessBlockInput{AccountId: aws.String("333333333333")})
	sandboxtest.WantCode(t, "another account", err, "AccessDenied", 403)
	_, err = client.ListAccessPoints(context.Background(), &s3control.ListAccessPointsInput{AccountId: aws.String("222222222222")})
	sandboxtest.WantCode(t, "an operation that is not there", err, "NotImplemented", 501)

	managed := sandboxtest.New(t, `
organization: {management_account: "111111111111", public_access_block: none}
accounts:
  - id: "111111111111"
    public_access_block: {restrict_public_buckets: true}
`)
	inherited := s3control.NewFromConfig(managed.As(sandbox.DefaultAccessKey, "us-east-1"))
	out, err = inherited.GetPublicAccessBlock(context.Background(), &s3control.GetPublicAccessBlockInput{AccountId: aws.String("111111111111")})
	if err != nil || *out.PublicAccessBlockConfiguration.RestrictPublicBuckets {
		t.Errorf("under an S3 policy: %+v %v", out, err)
	}
	_, err = inherited.DeletePublicAccessBlock(context.Background(), &s3control.DeletePublicAccessBlockInput{AccountId: aws.String("111111111111")})
	sandboxtest.WantCode(t, "DeletePublicAccessBlock under an S3 policy", err, "AccessDenied", 403)

	unknown := s3control.NewFromConfig(s.As("AKIAUNKNOWN000000000", "us-east-1"))
	_, err = unknown.GetPublicAccessBlock(context.Background(), get)
	sandboxtest.WantCode(t, "an unknown key", err, "InvalidAccessKeyId", 403)
}
