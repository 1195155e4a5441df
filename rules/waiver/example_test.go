package waiver_test

import (
	"fmt"
	"time"

	"crosscheck/rules/finding"
	"crosscheck/rules/waiver"
	"crosscheck/scanner/fact"
)

func Example() {
	today := time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)
	set, err := waiver.Parse("waivers.yaml", []byte(`
waivers:
  - rule: XC046
    resource: arn:aws:s3:::logs-*
    reason: the role is replaced in July
    expires: 2026-07-31
  - rule: XC047
    reason: no budget for metrics
    expires: 2026-05-31
`), today)
	if err != nil {
		fmt.Println(err)
		return
	}
	f := finding.Finding{RuleID: "XC046", Status: finding.Fail, Resource: "arn:aws:s3:::logs-a"}
	fmt.Println(set.Apply(&f).Reason)
	for _, f := range set.Findings(waiver.Run{Scope: fact.Scope{Mode: "organization"}}) {
		fmt.Println(f.RuleID, f.Status, f.Message)
	}
	// Output:
	// the role is replaced in July
	// XC911 fail the waiver in line 7 expired on 2026-05-31; failing findings it was for: 0
}
