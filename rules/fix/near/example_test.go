package near_test

import (
	"fmt"

	"crosscheck/rules/fix/near"
	"crosscheck/rules/iam/policy"
)

func Example() {
	p := policy.Parse(policy.Identity, "", []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:ReplicateObject","Resource":"arn:aws:s3:::backup/*"}]}`))
	s := near.Statement{
		StatementInfo: &p.Statements()[0],
		Right:         &near.Right{Action: "s3:ReplicateDelete", Resource: "arn:aws:s3:::backup/logs/*"},
	}
	fmt.Println(s.Acts(), s.Covers(), s.Exact())
	// Output: false true false
}
