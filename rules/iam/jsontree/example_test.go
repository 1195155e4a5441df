package jsontree_test

import (
	"fmt"

	"crosscheck/rules/iam/jsontree"
)

func Example() {
	tree, fault := jsontree.Parse(`{"Version": "2012-10-17"}`)
	if fault != nil {
		fmt.Println(fault.Msg)
		return
	}
	version := tree.Nodes[tree.Nodes[0].Child]
	fmt.Printf("%s is %s at byte %d\n", version.Key, version.Kind, version.Off)
	// Output: Version is a string at byte 12
}
