package s3_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crosscheck/scanner/sandbox/state"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/scanner/sandbox/sandboxtest"
)

// crowd adds so many buckets to testdata/s3.yaml, spread over 1,000 accounts.
func crowd(b *testing.B, buckets int) *sandboxtest.Sandbox {
	s := sandboxtest.Storage(b)
	for i := range buckets {
		name := fmt.Sprintf("crowd-%06d", i)
		s.State.AddBucket(state.NewBucket(name, fmt.Sprintf("%012d", 500_000_000_000+i%1000), "us-east-1"))
	}
	return s
}

func BenchmarkListBuckets(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := crowd(b, n).S3(sandboxtest.SourceAdmin, "us-east-1")
			for b.Loop() {
				if _, err := c.ListBuckets(context.Background(), &s3.ListBucketsInput{MaxBuckets: aws.Int32(1000)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetBucketReplication(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := crowd(b, n).S3(sandboxtest.SourceAdmin, "us-east-1")
			for b.Loop() {
				if _, err := c.GetBucketReplication(context.Background(), &s3.GetBucketReplicationInput{Bucket: aws.String("src")}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReplicate is one object put and settled, without the SDK's share at
// the destination.
func BenchmarkReplicate(b *testing.B) {
	s := sandboxtest.Storage(b)
	s.SetLag("", "", 0)
	c := s.S3(sandboxtest.SourceAdmin, "us-east-1")
	b.ReportAllocs()
	for b.Loop() {
		id := ""
		out, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("src"), Key: aws.String("k"), Body: strings.NewReader("hello")})
		if err != nil {
			b.Fatal(err)
		}
		id = *out.VersionId
		s.ReplicationFailures("src")
		if s.State.Bucket("dst").Version("k", id) == nil {
			b.Fatal("not replicated")
		}
		s.State.Bucket("src").Remove(s.State.Bucket("src").Current("k"))
		s.State.Bucket("dst").Remove(s.State.Bucket("dst").Current("k"))
	}
}
