package words_test

import (
	"fmt"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/words"
)

func Example() {
	fmt.Println(words.Summary(words.Called(finding.Target{Kind: finding.BucketPolicy, Resource: "arn:aws:s3:::backup"}),
		&finding.Edit{Operation: finding.AddAction, Statement: 1, Values: []string{"s3:ReplicateObject", "s3:ReplicateDelete"}}))
	// Output: add s3:ReplicateObject and s3:ReplicateDelete to the 2nd statement of the bucket policy of backup
}
