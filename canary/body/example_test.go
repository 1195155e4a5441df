package body_test

import (
	"fmt"
	"io"

	"crosscheck/canary/body"
)

// A replica is compared with what the seed makes, byte by byte.
func ExampleBody_Compare() {
	b := body.New("run/key", 2000)
	fmt.Println(b.Compare(body.New("run/key", 2000)))
	fmt.Println(b.Compare(io.LimitReader(body.New("run/key", 2000), 1500)))
	// Output:
	//  <nil>
	// ends after byte 1500 <nil>
}
