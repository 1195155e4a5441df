package simulate_test

import (
	"fmt"

	"crosscheck/rules/iam/simulate"
)

func ExampleLine() {
	out, _ := simulate.Line([]byte(`{"id":1,"validate":{"kind":"scp","document":{"Statement":{"Effect":"Deny","Action":"s3:*"}}}}`))
	fmt.Println(string(out))
	// Output: {"id":1,"accepted":false,"errors":[{"message":"statement 0 has neither Resource nor NotResource; AWS refuses the document","line":1,"column":14}]}
}
