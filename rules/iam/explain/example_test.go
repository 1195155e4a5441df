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
	// Output: the 1st statement of its policy 0 allows it only on `arn:aws:s3:::dst`, which is the bucket and not its objects (add `arn:aws:s3:::dst/key`)
}
