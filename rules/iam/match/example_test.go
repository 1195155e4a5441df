package match_test

import (
	"fmt"

	"crosscheck/rules/iam/match"
)

func ExampleMatch() {
	fmt.Println(match.Match("arn:aws:s3:::logs/2026-??/*", "arn:aws:s3:::logs/2026-11/app.gz"))
	// Output: true
}
