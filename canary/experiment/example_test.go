package experiment_test

import (
	"fmt"

	"crosscheck/canary/experiment"
	"crosscheck/scanner/fact"
)

func ExampleFind() {
	x, err := experiment.Find("wrong-account")
	if err != nil {
		panic(err)
	}
	fmt.Println(x.Question)
	fmt.Println(x.Fits(&fact.Document{}, &fact.Link{}))
	// Output:
	// What happens when Destination.Account is not the destination's owner?
	// the rule names no account
}
