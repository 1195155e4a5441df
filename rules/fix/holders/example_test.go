package holders_test

import (
	"fmt"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix/holders"
	"crosscheck/scanner/fact"
)

func Example() {
	const shared = "arn:aws:iam::111111111111:policy/Shared"
	role := func(boundary fact.Fact[fact.Policy]) fact.Fact[fact.Role] {
		return fact.Of(fact.Role{Attached: fact.Of([]fact.Policy{{ARN: shared}}), Boundary: boundary})
	}
	doc := &fact.Document{Roles: map[string]fact.Fact[fact.Role]{
		"arn:aws:iam::111111111111:role/orders":   role(fact.None[fact.Policy]()),
		"arn:aws:iam::111111111111:role/invoices": role(fact.Of(fact.Policy{ARN: shared})),
	}}
	roles := holders.Of([]*fact.Document{doc})[shared]
	fmt.Println(roles.Called(finding.Managed(shared)))
	fmt.Println(roles.Beside("arn:aws:iam::111111111111:role/orders"))
	// Output:
	// policy Shared of roles invoices and orders, also the permissions boundary of role invoices,
	// true
}
