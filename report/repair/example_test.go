package repair_test

import (
	"os"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
)

func ExampleWrite() {
	repairs := &finding.Repairs{
		Changes: []finding.Change{{
			Target: finding.Target{Kind: finding.Versioning, AccountID: "333333333333", Region: "eu-west-1", Resource: "arn:aws:s3:::backup"},
			Before: "Suspended", After: "Enabled", Proven: true,
			Edits: []finding.Edit{{Operation: finding.Set, Statement: -1, Summary: "enable versioning"}}, Links: []string{"orders/all→backup"},
		}},
		Fixes: []finding.Fix{{Link: "orders/all→backup", Before: finding.Broken, After: finding.Works, Proven: true, Changes: []int{0}}},
	}
	if err := repair.Write("diff", os.Stdout, repairs, repair.Options{}); err != nil {
		panic(err)
	}
	// Output:
	// # 1 change for 1 link. Nothing was changed yet.
	// #   orders/all→backup: broken, then works
	//
	// # Account 333333333333
	//
	// # Versioning of bucket backup in eu-west-1
	// #   enable versioning
	// #   for orders/all→backup
	// --- 333333333333/versioning/backup
	// +++ 333333333333/versioning/backup
	// @@ -1 +1 @@
	// -Suspended
	// +Enabled
}
