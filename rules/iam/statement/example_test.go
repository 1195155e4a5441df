package statement_test

import (
	"fmt"

	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

func Example() {
	p := policy.Parse(policy.Identity, "p", []byte(`{"Statement":{"Effect":"Deny","Action":"s3:Put*","NotResource":"arn:aws:s3:::logs/*"}}`))
	s := &p.Compiled()[0]
	known := &contextkey.Known{}
	fmt.Println(s.Effect == statement.Deny, s.CoversAction("s3:PutObject"), s.CoversResource(match.NewARN("arn:aws:s3:::logs/a"), known))
	// Output: true true false
}
