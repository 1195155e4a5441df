package organization_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/organization"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

// The organization is described before it is asked about an account.
func ExampleReader() {
	world, err := sandbox.Load("demo.yaml", testdata.DemoWorld)
	if err != nil {
		panic(err)
	}
	box, err := sandbox.New(world)
	if err != nil {
		panic(err)
	}
	cfg := aws.Config{Region: "us-east-1", HTTPClient: box.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, "")}

	var notes ask.Notes
	ctx := context.Background()
	r := organization.New(organizations.NewFromConfig(cfg), "100000000000")
	r.Describe(ctx, &notes)
	a := r.Account(ctx, &notes, "111111111111")
	fmt.Println(r.Fact.Value.FeatureSet, *a.Path.Value, len(*a.SCPs.Value), "levels of SCPs", notes.Gaps)
	// Output: ALL [r-demo ou-demo-workload] 3 levels of SCPs []
}
