package logic_test

import (
	"fmt"

	"crosscheck/rules/iam/logic"
)

func Example() {
	fmt.Println(logic.And(logic.True, logic.Unknown), logic.Or(logic.True, logic.Unknown))
	// Output: unknown true
}
