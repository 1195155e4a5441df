package policy_test

import (
	"fmt"

	"crosscheck/rules/iam/policy"
)

func Example() {
	p := policy.Parse(policy.Identity, "p", []byte("{\"Statement\": {\n \"Effect\": \"allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}"))
	for _, d := range p.Diagnostics() {
		fmt.Printf("%d:%d %s\n", d.Line, d.Column, d.Message)
	}
	// Output: 2:12 Effect is "allow", not exactly "Allow" or "Deny"; AWS refuses the document
}
