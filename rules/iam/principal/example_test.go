package principal_test

import (
	"fmt"

	"crosscheck/rules/iam/principal"
)

func Example() {
	caller := principal.RoleSession("arn:aws:iam::111111111111:role/team/Replication", "", "s3-replication")
	fmt.Println(caller.ARN, caller.RoleName)
	// Output: arn:aws:sts::111111111111:assumed-role/Replication/s3-replication Replication
}
