package bucket_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/canary/bucket"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

const world = `
partition: aws
callers: [{access_key: AKIAEXAMPLEOFADMIN, account: "111111111111", root: true}]
accounts:
  - id: "111111111111"
    buckets: [{name: orders, region: us-east-1, versioning: Enabled}]
`

func Example() {
	w, err := sandbox.Load("world.yaml", []byte(world))
	if err != nil {
		panic(err)
	}
	box, err := sandbox.New(w)
	if err != nil {
		panic(err)
	}
	client := s3.New(s3.Options{
		Region: "us-east-1", UsePathStyle: true, HTTPClient: box.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLEOFADMIN", sandbox.DefaultSecretKey, ""),
	})
	ctx := context.Background()
	b := &bucket.Bucket{Bucket: fact.Bucket{Name: "orders", AccountID: "111111111111"}, S3: client}
	for range 2 {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.Name, Key: aws.String("key"), Body: strings.NewReader("x")})
		if err != nil {
			panic(err)
		}
	}
	var done bucket.Tally
	left := done.Purge(ctx, b, "key")
	versions, err := b.Versions(ctx, "key")
	fmt.Println(done.Removed, "removed,", len(left), "left,", len(versions), "listed,", err)
	// Output: 2 removed, 0 left, 0 listed, <nil>
}
