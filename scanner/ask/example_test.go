package ask_test

import (
	"fmt"

	"github.com/aws/smithy-go"

	"crosscheck/scanner/ask"
)

// A refused call leaves a gap, which names the permission that it needs.
func ExampleFact() {
	var notes ask.Notes
	status := ask.Fact(&notes, ask.Question{Account: "111111111111", Resource: "arn:aws:s3:::orders", Fact: "bucket.replication", API: "s3:GetBucketReplication"},
		func() (string, error) {
			return "", &smithy.GenericAPIError{Code: "AccessDenied", Message: "Access Denied."}
		})
	fmt.Println(status.Known(), notes.Gaps[0].Message)
	// Output: false Access Denied (s3:GetReplicationConfiguration is needed)
}
