package config_test

import (
	"fmt"

	"crosscheck/cmd/crosscheck/internal/config"
)

func Example() {
	c, err := config.Parse("crosscheck.yaml", []byte("fail_on: high\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.Load("", []string{"CROSSCHECK_SCAN_CONCURRENCY=8"}, nil)
	fmt.Println(c.FailOn, c.Origin("fail_on"))
	fmt.Println(c.Scan.Concurrency, c.Origin("scan.concurrency"))
	fmt.Println(c.Scan.RoleName, c.Origin("scan.role_name"), err)
	// Output:
	// high crosscheck.yaml:1
	// 8 CROSSCHECK_SCAN_CONCURRENCY
	// crosscheck-audit default <nil>
}
