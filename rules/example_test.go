package rules_test

import (
	"context"
	"fmt"

	"crosscheck/rules"
	"crosscheck/scanner/fact"
)

// The destination is not versioned. Its policy was not read, so whether it lets the
// role in is unknown.
func Example() {
	engine, err := rules.New(rules.Options{Enabled: []string{"XC004", "XC012"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rule := fact.ReplicationRule{ID: "all", Schema: "V2", Status: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}}
	doc := fact.Document{
		Bucket: fact.Bucket{Name: "src", ARN: "arn:aws:s3:::src", AccountID: "111111111111", Region: "us-east-1"},
		Links:  []fact.Link{{ID: fact.LinkID("src", "all", "dst"), Rule: rule, RoleARN: "arn:aws:iam::111111111111:role/repl", Destination: "dst"}},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(fact.Bucket{
			Name: "dst", ARN: "arn:aws:s3:::dst", AccountID: "222222222222", Region: "eu-west-1",
			Versioning: fact.Of(fact.Versioning{Status: "Suspended"}),
		})},
	}
	result, err := engine.Eval(context.Background(), &doc)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range result.Links {
		fmt.Println(l.ID, l.Verdict, l.FailureCodes)
	}
	for _, f := range result.Findings {
		fmt.Println(f.RuleID, f.Status)
	}
	// Output:
	// src/all→dst broken [DstBucketUnversioned]
	// XC004 fail
	// XC012 unknown
}
