package edit_test

import (
	"fmt"

	"crosscheck/rules/fix/edit"
)

func Example() {
	d, err := edit.Read(`{"Statement": [{"Effect": "Allow", "Action": "s3:ReplicateObject", "Resource": "arn:aws:s3:::backup/*"}]}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := d.AddValues(0, "Action", "s3:ReplicateDelete"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Text())
	// Output:
	// {"Statement": [{"Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete"], "Resource": "arn:aws:s3:::backup/*"}]}
}
