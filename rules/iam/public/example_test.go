package public_test

import (
	"fmt"

	"crosscheck/rules/iam/policy"
)

func Example() {
	p := policy.Parse(policy.Bucket, "policy", []byte(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`))
	fmt.Println(policy.Classify("b", p).Public)
	// Output: true
}
