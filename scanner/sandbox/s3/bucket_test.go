package s3_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/sandbox/sandboxtest"
)

func TestCreateBucketRefusals(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	for _, test := range []struct {
		name, caller, region, bucket, constraint, code string
		status                                         int
	}{
		{"own", sandboxtest.SourceAdmin, "us-east-1", "src", "", "BucketAlreadyOwnedByYou", 409},
		{"taken", sandboxtest.BackupAdmin, "us-east-1", "src", "", "BucketAlreadyExists", 409},
		{"no constraint outside us-east-1", sandboxtest.SourceAdmin, "us-west-2", "new-bucket", "", "IllegalLocationConstraintException", 400},
		{"another Region's constraint", sandboxtest.SourceAdmin, "us-west-2", "new-bucket", "eu-west-1", "IllegalLocationConstraintException", 400},
		{"us-east-1 as constraint", sandboxtest.SourceAdmin, "us-east-1", "new-bucket", "us-east-1", "InvalidLocationConstraint", 400},
		{"any Region from us-east-1", sandboxtest.SourceAdmin, "us-east-1", "new-bucket", "ap-southeast-2", "", 0},
		{"upper case", sandboxtest.SourceAdmin, "us-east-1", "New_Bucket", "", "InvalidBucketName", 400},
	} {
		in := &s3.CreateBucketInput{Bucket: &test.bucket}
		if test.constraint != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(test.constraint)}
		}
		_, err := s.S3(test.caller, test.region, sandboxtest.PathStyle).CreateBucket(context.Background(), in)
		sandboxtest.WantCode(t, test.name, err, test.code, test.status)
	}
}

func TestDeleteBucketNotEmpty(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	versioned, key := aws.String("versioned"), aws.String("k")
	id := sandboxtest.Put(t, c, "versioned", "k", "x")
	marker, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: versioned, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: versioned})
	sandboxtest.WantCode(t, "with versions", err, "BucketNotEmpty", 409)
	for _, id := range []string{id, *marker.VersionId} {
		if _, err := c.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: versioned, Key: key, VersionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: versioned})
	sandboxtest.WantCode(t, "empty", err, "", 0)
}

func TestListBuckets(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Storage(t)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	plain, err := c.ListBuckets(context.Background(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(plain.Buckets) != 4 || plain.Buckets[0].BucketRegion != nil || aws.ToString(plain.Owner.ID) != s.State.CanonicalID("111111111111") {
		t.Errorf("without parameters: %d buckets, Region %v", len(plain.Buckets), plain.Buckets[0].BucketRegion)
	}
	list := func(in s3.ListBucketsInput) (names []string) {
		p := s3.NewListBucketsPaginator(c, &in)
		for p.HasMorePages() {
			page, err := p.NextPage(context.Background())
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
	c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String("plain")})
	c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("another")})
	if diff := cmp.Diff([]string{"another us-east-1", all[0], all[2], all[3]}, list(s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})); diff != "" {
		t.Errorf("after a delete and a create (-want +got):\n%s", diff)
	}
	c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("third")})
	if diff := cmp.Diff([]string{"third us-east-1"}, list(s3.ListBucketsInput{Prefix: aws.String("third")})); diff != "" {
		t.Errorf("after a create (-want +got):\n%s", diff)
	}
	c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String("third")})
	c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String("another")})
	if diff := cmp.Diff([]string{all[0], all[2], all[3]}, list(s3.ListBucketsInput{MaxBuckets: aws.Int32(10)})); diff != "" {
		t.Errorf("after two deletes (-want +got):\n%s", diff)
	}
	_, err = c.ListBuckets(context.Background(), &s3.ListBucketsInput{BucketRegion: aws.String("eu-west-1")})
	sandboxtest.WantCode(t, "another endpoint's Region", err, "InvalidArgument", 400)
	_, err = c.ListBuckets(context.Background(), &s3.ListBucketsInput{MaxBuckets: aws.Int32(10001)})
	sandboxtest.WantCode(t, "page too large", err, "InvalidArgument", 400)
}
