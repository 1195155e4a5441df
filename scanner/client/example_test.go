package client_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crosscheck/scanner/client"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// demo is the AWS of `crosscheck demo`, in memory.
func demo() aws.Config {
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		panic(err)
	}
	box, err := sandbox.New(world)
	if err != nil {
		panic(err)
	}
	return aws.Config{Region: "us-east-1", HTTPClient: box.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")}
}

// A role is assumed in another account, and a bucket there is read with it.
func ExampleSession() {
	ctx := context.Background()
	session := client.New(demo(), client.Options{SessionName: "example"}) // mostly of client.LoadConfig(ctx, "", "")
	defer session.Close()
	caller, err := session.Caller(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	role := session.Role(client.RoleARN(caller.Partition, "111111111111", "crosscheck-audit"))
	if err := role.Enter(ctx); err != nil {
		fmt.Println(client.OneLine(err))
		return
	}
	c := client.NewS3(session.Config(role, session.Region()))
	versioning, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String("orders-invoices")})
	if err != nil {
		fmt.Println(client.OneLine(err))
		return
	}
	fmt.Println(role.Account(), versioning.Status)

	_, err = c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String("no-such-bucket")})
	fmt.Println(client.OneLine(err))
	// Output:
	// 111111111111 Enabled
	// NoSuchBucket: The specified bucket does not exist
}
