package table_test

import (
	"fmt"
	"os"

	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"crosscheck/report/table"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// A builder takes the messages of a run and keeps what the format shows of them; every
// format renders what it kept.
func ExampleRender() {
	b := records.NewBuilder()
	defer b.Close()
	err := reporttest.Send(b,
		report.Message{Run: &report.Run{ID: "monday"}},
		report.Message{Link: reporttest.Link("orders", "111111111111", "all", "backup", finding.Broken,
			"versioning of the destination is suspended", "DstBucketUnversioned")},
		report.Message{Coverage: &fact.Coverage{Links: 1}},
		report.Message{Summary: &report.Summary{Links: report.LinkCounts{Broken: 1}, ExitStatus: report.ExitFaults}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := b.Finish()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := table.Render(os.Stdout, run, table.Options{Width: 80}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Links: 1 broken, 0 partial, 0 unknown, 0 working
	// VERDICT  SOURCE → DESTINATION, RULE, WHY
	// broken   111111111111/orders → 333333333333/backup
	//          all
	//          versioning of the destination is suspended (DstBucketUnversioned)
	//
	// Findings: 0 failed, 0 unknown, 0 waived, 0 passed
	//
	// Coverage: 0 of 0 accounts and 0 of 0 buckets read, 1 link
	// Summary: links 1 broken, 0 partial, 0 unknown, 0 working; findings 0 failed, 0
	//   unknown, 0 waived, 0 passed; exit status 1 (faults found)
}
