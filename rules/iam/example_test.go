package iam_test

import (
	"fmt"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/principal"
)

func ExampleDecide() {
	identity := policy.Parse(policy.Identity, "role", []byte(`{"Statement":{"Effect":"Allow","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::dst/*"}}`))
	d := iam.Decide(&iam.Request{
		Principal:       principal.RoleSession("arn:aws:iam::111111111111:role/R", "", "s3-replication"),
		Action:          "s3:ReplicateObject",
		Resource:        "arn:aws:s3:::dst/key",
		ResourceAccount: "222222222222",
	}, &iam.Input{
		Identity: iam.Policies(identity),
		Boundary: iam.Policies(),
		Session:  iam.Policies(),
		SCPs:     iam.NotApplicable(),
		RCPs:     iam.NotApplicable(),
		Resource: iam.NotRead("AccessDenied"), // the bucket policy
	})
	fmt.Println(d.Result, d.UnknownLayers)
	// Output: unknown [resource restrictPublicBuckets]
}
