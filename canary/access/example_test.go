package access_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/canary/access"
	"crosscheck/canary/journal"
)

func ExampleClients() {
	clients := access.New(func(_ context.Context, profile string) (aws.Config, error) {
		return aws.Config{Region: "eu-west-1"}, nil // client.LoadConfig in a program
	}, "")
	bucket, err := clients.Bucket(context.Background(), journal.Location{Bucket: "orders"})
	fmt.Println(bucket.Name, bucket.S3 != nil, err)
	// Output: orders true <nil>
}
