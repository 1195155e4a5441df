package newlink_test

import (
	"context"
	"fmt"

	"crosscheck/rules/fix/newlink"
)

func ExampleMake() {
	source, prefix, err := newlink.End("111111111111:orders@eu-west-1/2026/")
	if err != nil {
		panic(err)
	}
	destination, _, err := newlink.End("222222222222:orders-backup@eu-central-1")
	if err != nil {
		panic(err)
	}
	set, err := newlink.Make(context.Background(), newlink.Link{
		Source: source, Destination: destination, Prefix: prefix, Enforced: true, DeleteMarkers: true,
	}, judge)
	if err != nil {
		panic(err)
	}
	fmt.Println(set.Fixes[0].Link, set.Fixes[0].After)
	for _, c := range set.Changes {
		fmt.Println(c.AccountID, c.Edits[0].Summary)
	}
	fmt.Println(set.Changes[4].After)
	// Output:
	// orders/to-orders-backup→orders-backup works
	// 111111111111 enable versioning on orders
	// 222222222222 enable versioning on orders-backup
	// 111111111111 create the role replicate-orders, which S3 may assume
	// 111111111111 give it the inline policy replication
	// 222222222222 let the role write into orders-backup
	// 111111111111 replicate orders to orders-backup
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Sid": "WriteReplicas",
	//       "Effect": "Allow",
	//       "Principal": {
	//         "AWS": "arn:aws:iam::111111111111:role/replicate-orders"
	//       },
	//       "Action": [
	//         "s3:ReplicateObject",
	//         "s3:ReplicateDelete"
	//       ],
	//       "Resource": "arn:aws:s3:::orders-backup/2026/*"
	//     }
	//   ]
	// }
}
