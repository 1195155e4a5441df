package catalog_test

import (
	"fmt"

	"crosscheck/rules/iam/catalog"
)

func Example() {
	fmt.Println(catalog.Multivalued("aws:TagKeys"), catalog.RCPCovers("s3"), catalog.UsableAbroad("kms:PutKeyPolicy"))
	// Output: true true false
}
