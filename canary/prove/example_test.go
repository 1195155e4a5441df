package prove_test

import (
	"fmt"

	"crosscheck/canary/measure"
	"crosscheck/canary/prove"
	"crosscheck/rules/finding"
)

func ExampleFindings() {
	link := finding.Link{ID: "orders/to-backup→backup", Verdict: finding.Works}
	probe := measure.Measurement{Link: link.ID, Variant: "plain", Outcome: measure.Failed}
	for _, f := range prove.Findings([]finding.Link{link}, []measure.Measurement{probe}, prove.Options{}) {
		fmt.Println(f.RuleID, f.Status, f.Title)
	}
	// Output: XC901 fail Predicted to work, proven broken
}
