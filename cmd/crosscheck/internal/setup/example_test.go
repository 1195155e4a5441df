package setup_test

import (
	"fmt"

	"crosscheck/cmd/crosscheck/internal/setup"
)

// A role has a name that IAM takes, and its templates an account to trust.
func ExampleRole_Check() {
	r := setup.Audit(setup.Role{Name: "team/audit"})
	fmt.Println(r.Check("policy"))
	fmt.Println(r.Check("terraform"))
	// Output:
	// <nil>
	// "" is not an account id: an account id has 12 digits
}
