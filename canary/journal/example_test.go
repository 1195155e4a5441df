package journal_test

import (
	"fmt"
	"os"

	"crosscheck/canary/journal"
)

func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	j, err := journal.Open(dir, "run-1", "crosscheck-canary")
	if err != nil {
		panic(err)
	}
	err = j.Put(journal.Entry{
		Run: "run-1", Key: "crosscheck-canary/run-1/1",
		Source: journal.Location{Bucket: "orders"}, Destination: journal.Location{Bucket: "backup"},
	})
	fmt.Println(err)
	fmt.Println(j.Close()) // as if the run ended before its clean-up

	entries, err := journal.Read(j.Path())
	fmt.Println(len(entries), entries[0].Key, err)
	// Output:
	// <nil>
	// <nil>
	// 1 crosscheck-canary/run-1/1 <nil>
}
