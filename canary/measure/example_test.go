package measure_test

import (
	"fmt"

	"crosscheck/canary/measure"
)

func ExampleGroup() {
	probes := []measure.Measurement{
		{Link: "orders/to-backup→backup", Outcome: measure.Arrived, LatencyMS: 1200},
		{Link: "orders/to-backup→backup", Outcome: measure.Arrived, LatencyMS: 800},
		{Link: "orders/to-backup→backup", Outcome: measure.Timeout},
	}
	for _, l := range measure.Group(probes) {
		fmt.Println(l.Link, l.String())
	}
	// Output: orders/to-backup→backup p50 1.2s, max never (3 samples)
}
