package demand_test

import (
	"fmt"

	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// What a link needs follows from its rule and its buckets.
func ExampleOf() {
	link := fact.Link{RoleARN: "arn:aws:iam::111111111111:role/replication", Destination: "dst",
		Rule: fact.ReplicationRule{Schema: "V2", DeleteMarkers: "Disabled"}}
	features := demand.FeaturesOf(new(fact.Document), &link)
	for _, need := range demand.Of(&features) {
		switch {
		case need.Perhaps != nil:
			fmt.Printf("%s, if %s\n", need.Key(), need.Perhaps.Needed)
		case need.Code == "SrcGetObjectNotPermitted":
			fmt.Printf("%s, or %s\n", need.Key(), need.Alternative)
		}
	}
	// Output:
	// source/s3:GetObjectVersionForReplication, or s3:GetObjectVersion
	// source/s3:GetObjectRetention, if Object Lock is enabled on the source
	// source/s3:GetObjectLegalHold, if Object Lock is enabled on the source
	// destination/s3:PutObjectRetention, if Object Lock is enabled on the source
	// destination/s3:PutObjectLegalHold, if Object Lock is enabled on the source
}
