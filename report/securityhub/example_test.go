package securityhub_test

import (
	"context"
	"fmt"
	"os"

	"crosscheck/report"
	"crosscheck/report/securityhub"
)

// A recorded run is imported into the Security Hub of each account.
func ExampleImporter() {
	send := func(ctx context.Context, runFile string) error {
		i := securityhub.New(securityhub.Options{Region: "eu-central-1", Role: "crosscheck-securityhub", Log: os.Stderr})
		defer i.Close()
		if err := i.Connect(ctx); err != nil {
			return err
		}
		file, err := os.Open(runFile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := report.Replay(file, i); err != nil {
			return err
		}
		counts, err := i.Import(ctx)
		fmt.Println(counts)
		return err
	}
	_ = send
	fmt.Println(securityhub.Counts{Imported: 12, Archived: 3})
	// Output: Security Hub: 12 findings imported, 3 archived
}
