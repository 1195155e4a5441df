package condition_test

import (
	"fmt"

	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
)

func Example() {
	test, _ := condition.FindTest("NumericLessThan")
	value, _ := condition.NewOperand(&test, "10", true)
	c := condition.Condition{Test: test, Key: "s3:max-keys", Operands: []condition.Operand{value}}
	known := &contextkey.Known{Context: map[string]contextkey.Value{"s3:max-keys": contextkey.One("9.5")}}
	fmt.Println(c.Holds(known, false))
	// Output: true
}
