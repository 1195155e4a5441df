package canary_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/canary"
	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
)

// world is an account in which src replicates to dst.
const world = `
partition: aws
callers: [{access_key: AKIAEXAMPLEROOTKEY00, account: "111111111111", root: true}]
accounts:
  - id: "111111111111"
    roles:
      - name: replication
        trust: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
        inline: {all: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'}
    buckets:
      - name: src
        region: us-east-1
        versioning: Enabled
        replication:
          Role: arn:aws:iam::111111111111:role/replication
          Rules:
            - {ID: r, Priority: 1, Status: Enabled, Filter: {}, DeleteMarkerReplication: {Status: Disabled}, Destination: {Bucket: "arn:aws:s3:::dst"}}
      - {name: dst, region: us-east-1, versioning: Enabled}
`

// The links of a bucket are found and probed, here in an AWS in memory.
func ExampleProbe() {
	w, err := sandbox.Load("world.yaml", []byte(world))
	if err != nil {
		panic(err)
	}
	box, err := sandbox.New(w)
	if err != nil {
		panic(err)
	}
	session := client.New(aws.Config{
		Region: "us-east-1", HTTPClient: box.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLEROOTKEY00", sandbox.DefaultSecretKey, ""),
	}, client.Options{})
	defer session.Close()
	s3 := client.NewS3(session.Config(session.Own(), session.Region()))

	ctx := context.Background()
	source := &bucket.Bucket{Bucket: fact.Bucket{Name: "src"}, S3: s3}
	links, err := canary.Links(ctx, s3, source, "dst")
	if err != nil {
		panic(err)
	}
	for _, link := range links {
		link.Destination.S3 = s3
		m := canary.Probe(ctx, link, measure.Plain, 1, canary.Options{Run: "run-1"})
		fmt.Println(m.Link, m.Key, m.Outcome, m.Proves())
	}
	// Output: src/r→dst crosscheck-canary/run-1/1 arrived works
}
