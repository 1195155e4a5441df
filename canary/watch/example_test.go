package watch_test

import (
	"context"
	"fmt"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/watch"
)

func ExampleWatch() {
	w := watch.Watch{
		Every: 5 * time.Minute, Rounds: 1, Parallel: 10, Metrics: watch.NewMetrics("1.0"),
		Begin: func() (canary.Options, func(), error) {
			return canary.Options{Run: "run-1"}, func() {}, nil
		},
		Log: func(message string) { fmt.Println(message) },
	}
	left, err := w.Run(context.Background(), nil) // plans of canary.Links or of a scan
	fmt.Println(left, err)
	// Output:
	// round of 0 probes: 0 prove their link, 0 prove it broken, 0 undecided
	// 0 <nil>
}
