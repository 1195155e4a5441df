package usererr_test

import (
	"errors"
	"fmt"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report/text"
)

func Example() {
	err := usererr.Hint(errors.New("there is no link \"logs/all\nbackup\""), "'crosscheck scan' lists the links")
	err = fmt.Errorf("canary: %w", err)
	fmt.Println(text.Visible(err.Error()))
	fmt.Println(usererr.HintOf(err))
	_, err = usererr.ReadFile("none.yaml")
	fmt.Println(err)
	// Output:
	// canary: there is no link "logs/all backup"
	// 'crosscheck scan' lists the links
	// none.yaml: no such file or directory
}
