package literal_test

import (
	"fmt"

	"crosscheck/rules/iam/literal"
)

func Example() {
	a, _ := literal.ParseDecimal("1e3")
	b, _ := literal.ParseDecimal("1000.0")
	_, form := literal.ParseDecimal("a thousand")
	fmt.Println(a.Compare(b), form == literal.Bad)
	// Output: 0 true
}
