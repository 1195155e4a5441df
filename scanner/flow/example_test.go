package flow_test

import (
	"context"
	"fmt"
	"slices"

	"crosscheck/scanner/flow"
)

// Squares are computed by four goroutines; the sum is kept by one.
func ExampleMap() {
	sum := 0
	err := flow.Map(context.Background(), 4, slices.Values([]int{1, 2, 3, 4, 5}),
		func(_ context.Context, n int) (int, error) { return n * n, nil },
		func(square int) error { sum += square; return nil })
	fmt.Println(sum, err)
	// Output: 55 <nil>
}
