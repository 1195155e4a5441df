package compare_test

import (
	"fmt"

	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// A link that worked is broken now, and a rule that failed passes.
func ExampleCompare() {
	run := func(id string, verdict finding.Verdict, status finding.Status) *compare.Recording {
		r := &compare.Recording{}
		_ = reporttest.Send(r,
			report.Message{Run: &report.Run{ID: id}},
			report.Message{Link: &finding.Link{ID: "orders/all→backup", Verdict: verdict}},
			report.Message{Finding: &finding.Finding{RuleID: "XC012", Status: status, Fingerprint: "f"}},
			report.Message{Coverage: &fact.Coverage{}},
		)
		return r
	}
	monday, tuesday := run("monday", finding.Works, finding.Fail), run("tuesday", finding.Broken, finding.Pass)
	d := compare.Compare(monday, tuesday, finding.Low)
	for _, l := range d.Links {
		fmt.Println(l.ID, l.Before, l.After)
	}
	for _, c := range d.Findings {
		fmt.Println(c.Finding.RuleID, c.Change)
	}
	fmt.Println("exit status", d.ExitStatus)
	// Output:
	// orders/all→backup works broken
	// XC012 fixed
	// exit status 1
}

// A run that judged one bucket says nothing about another.
func ExampleObserved_Decided() {
	now := compare.Observe(nil)
	_ = now.Finding(&finding.Finding{RuleID: "XC012", Status: finding.Pass, AccountID: "111111111111", Resource: "arn:aws:s3:::orders"})
	for _, bucket := range []string{"arn:aws:s3:::orders", "arn:aws:s3:::invoices"} {
		about := compare.Subject{Rule: "XC012", AccountID: "111111111111", Resource: bucket}
		fmt.Println(bucket, now.Decided(about))
	}
	// Output:
	// arn:aws:s3:::orders true
	// arn:aws:s3:::invoices false
}
