package spelt_test

import (
	"fmt"

	"crosscheck/rules/fix/spelt"
)

func Example() {
	fmt.Println(spelt.Plain("{“Version”: “2012–10–17”}"))
	// Output: {"Version": "2012-10-17"}
}
