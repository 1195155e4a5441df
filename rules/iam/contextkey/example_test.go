package contextkey_test

import (
	"fmt"

	"crosscheck/rules/iam/contextkey"
)

func Example() {
	known := contextkey.Known{Context: map[string]contextkey.Value{"aws:username": contextkey.One("ana")}}
	parts, _ := contextkey.ParseTemplate("home/${aws:username}/*")
	text, _ := known.Expand(parts)
	fmt.Println(text)
	// Output: home/ana/*
}
