package explain_test

import (
	"fmt"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/explain"
	"crosscheck/rules/iam/iamtest"
)

func Example() {
	in := iamtest.Open()
	in.Identity = iamtest.Objects("dst")
	d := explain.Decide(&iam.Request{
		Principal: iamtest.Role, Action: "s3:ReplicateObject", Resource: "arn:aws:s3:::dst/key", ResourceAccount: "111111111111",
	}, in)
	fmt.Println(d.Message)
	// Output: implicitly denied at identity: no statement allows s3:ReplicateObject; nearest is statement 0 of 0 (identity, line 1): Action matches, Resource `arn:aws:s3:::dst` is the bucket, not its objects: `/*` is missing
}
