package quota_test

import (
	"fmt"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/quota"
	"crosscheck/scanner/fact"
)

func Example() {
	bucket := fact.Bucket{ARN: "arn:aws:s3:::backup", Policy: fact.Of(fact.Policy{Document: strings.Repeat("x", 20_481)})}
	fmt.Println(quota.Exceeded(&fact.Document{Bucket: bucket}, finding.Target{Kind: finding.BucketPolicy, Resource: bucket.ARN}, "the bucket policy of backup", false))
	// Output: with that, the bucket policy of backup would have 20481 bytes, and AWS takes 20480
}
