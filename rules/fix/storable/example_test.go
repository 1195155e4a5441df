package storable_test

import (
	"fmt"

	"crosscheck/rules/fix/storable"
	"crosscheck/scanner/fact"
)

func Example() {
	r := fact.Replication{Rules: []fact.ReplicationRule{{ID: "old", Schema: "V1"}, {ID: "new", Schema: "V2", Priority: 1}}}
	storable.Modern(&r)
	fmt.Println(r.Rules[0].Schema, r.Rules[0].Priority, r.Rules[0].DeleteMarkers)
	// Output: V2 2 Enabled
}
