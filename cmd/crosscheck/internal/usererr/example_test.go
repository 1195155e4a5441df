package usererr_test

import (
	"errors"
	"fmt"

	"crosscheck/cmd/crosscheck/internal/usererr"
)

func Example() {
	err := usererr.Hint(errors.New("there is no link \"logs/all\nbackup\""), "see with 'crosscheck scan' which links there are")
	err = fmt.Errorf("canary: %w", err)
	fmt.Println(usererr.OneLine(err.Error()))
	fmt.Println(usererr.HintOf(err))
	_, err = usererr.ReadFile("none.yaml")
	fmt.Println(err)
	// Output:
	// canary: there is no link "logs/all backup"
	// see with 'crosscheck scan' which links there are
	// none.yaml: no such file or directory
}
