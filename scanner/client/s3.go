package client

import (
	"context"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// NewS3 makes a client of S3. It reaches all buckets of a Region under one host, so
// that connections are used again: with a host for each bucket, each would cost a TLS
// handshake.
func NewS3(cfg aws.Config, with ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append([]func(*s3.Options){func(o *s3.Options) {
		o.UsePathStyle = true
		o.DisableS3ExpressSessionAuth = aws.Bool(true)
	}}, with...)...)
}

// HeadBucket asks for a bucket's Region and whether it exists. S3 says both without
// any permission: a refusal names the Region too. owner is the account that the bucket
// should belong to, "" = any. The error is that of the call: a bucket that is known to
// exist may have one.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
func HeadBucket(ctx context.Context, c *s3.Client, bucket, owner string) (region string, exists bool, err error) {
	in := &s3.HeadBucketInput{Bucket: &bucket}
	if owner != "" {
		in.ExpectedBucketOwner = &owner
	}
	out, err := c.HeadBucket(ctx, in)
	if err == nil {
		return aws.ToString(out.BucketRegion), true, nil
	}
	status, header := Response(err)
	region = header.Get("x-amz-bucket-region")
	switch {
	case status == http.StatusNotFound && header.Get("x-amz-request-id") != "":
		return "", false, nil
	case status == http.StatusNotFound: // something on the way may say so
		return "", false, err
	}
	// AWS names the Region of a bucket that it will not show. An answer without
	// it says nothing about the bucket.
	return region, region != "", err
}

// expecting finds the Region in "… the region 'us-east-1' is wrong; expecting 'eu-west-1'".
var expecting = regexp.MustCompile(`expecting '([a-z0-9-]+)'`)

// Redirected is whether S3 says that the bucket is in another Region, and in which,
// where it says so.
func Redirected(err error) (region string, yes bool) {
	if err == nil {
		return "", false
	}
	status, header := Response(err)
	switch Code(err) {
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "MovedPermanently":
	default:
		if status != http.StatusMovedPermanently && status != http.StatusTemporaryRedirect {
			return "", false
		}
	}
	if region = header.Get("x-amz-bucket-region"); region == "" {
		if m := expecting.FindStringSubmatch(err.Error()); m != nil {
			region = m[1]
		}
	}
	return region, true
}
