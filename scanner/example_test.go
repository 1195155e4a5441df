package scanner_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"crosscheck/scanner"
	"crosscheck/scanner/fact"
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

// The whole organization is read, and its links are listed.
func ExampleScan() {
	cfg := demo() // mostly of client.LoadConfig(ctx, "", "")
	var links []string
	err := scanner.Scan(context.Background(), cfg, scanner.Options{RoleName: "crosscheck-audit"}, func(m fact.Message) error {
		switch {
		case m.Document != nil:
			for _, l := range m.Document.Links {
				links = append(links, l.ID)
			}
		case m.Gap != nil:
			fmt.Println("not read:", m.Gap.Resource, m.Gap.Code)
		case m.Coverage != nil:
			fmt.Printf("%d of %d buckets\n", m.Coverage.Buckets.Scanned, m.Coverage.Buckets.Listed)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	slices.Sort(links) // documents come in no promised order
	for _, l := range links {
		fmt.Println(l)
	}
	// Output:
	// not read: 444444444444 AccessDenied
	// not read: arn:aws:s3:::partner-archive NotRead
	// 19 of 19 buckets
	// media-masters/to-backup→backup-masters
	// media-partner/to-partner→partner-archive
	// media-raw/to-backup→backup-media-raw
	// media-thumbs/to-backup→backup-thumbs
	// orders-audit/to-backup→backup-audit
	// orders-exports/to-backup→backup-exports
	// orders-guide/replicate-everything→backup-guide
	// orders-invoices/to-backup→backup-invoices
	// orders-ledger/to-backup→backup-ledger
}

// A plan says what a scan would call, and reads nothing of any bucket.
func ExampleMakePlan() {
	p, err := scanner.MakePlan(context.Background(), demo(), scanner.Options{RoleName: "crosscheck-audit"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Accounts.Scanned, "accounts,", p.Buckets, "buckets, as", p.Caller)
	for _, c := range p.Calls {
		if c.API == "s3:GetBucketPolicy" {
			fmt.Println(c.API, c.None, "to", c.All)
		}
	}
	// Output:
	// 4 accounts, 19 buckets, as arn:aws:iam::100000000001:user/administrator
	// s3:GetBucketPolicy 0 to 19
}
