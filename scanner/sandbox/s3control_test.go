package sandbox

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

func TestAccountPublicAccessBlock(t *testing.T) {
	s := control(t)
	client := s3control.NewFromConfig(s.as("AKIAALICE00000000000", "us-east-1"))
	get := &s3control.GetPublicAccessBlockInput{AccountId: aws.String("222222222222")}
	out, err := client.GetPublicAccessBlock(background, get)
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
	_, err = client.PutPublicAccessBlock(background, put)
	wantCode(t, "PutPublicAccessBlock by a reader", err, "AccessDenied", 403)

	admin := s3control.NewFromConfig(s.as("AKIABOUNDED000000000", "us-east-1"))
	if _, err := admin.PutPublicAccessBlock(background, put); err != nil {
		t.Fatal(err)
	}
	out, err = client.GetPublicAccessBlock(background, get)
	if err != nil || !*out.PublicAccessBlockConfiguration.IgnorePublicAcls || *out.PublicAccessBlockConfiguration.BlockPublicAcls {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := admin.DeletePublicAccessBlock(background, &s3control.DeletePublicAccessBlockInput{AccountId: aws.String("222222222222")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetPublicAccessBlock(background, get)
	wantCode(t, "none", err, "NoSuchPublicAccessBlockConfiguration", 404)
	_, err = client.GetPublicAccessBlock(background, &s3control.GetPublicAccessBlockInput{AccountId: aws.String("333333333333")})
	wantCode(t, "another account", err, "AccessDenied", 403)
	_, err = client.ListAccessPoints(background, &s3control.ListAccessPointsInput{AccountId: aws.String("222222222222")})
	wantCode(t, "an operation that is not there", err, "NotImplemented", 501)

	unknown := s3control.NewFromConfig(s.as("AKIAUNKNOWN000000000", "us-east-1"))
	_, err = unknown.GetPublicAccessBlock(background, get)
	wantCode(t, "an unknown key", err, "InvalidAccessKeyId", 403)
}

// putAccountBlock sets the block of the default caller's account.
func putAccountBlock() *s3control.PutPublicAccessBlockInput {
	return &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String("111111111111"), PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)},
	}
}
