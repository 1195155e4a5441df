package fact_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"crosscheck/scanner/fact"
)

// A facts file holds one message a line: the run, gaps and documents, the coverage.
func Example() {
	w := fact.NewWriter(os.Stdout)
	document := fact.Document{SchemaVersion: fact.SchemaVersion, Partition: "aws", Bucket: fact.Bucket{
		Name: "logs", ARN: "arn:aws:s3:::logs", AccountID: "111111111111", Region: "eu-west-1",
		Replication: fact.None[fact.Replication](),                             // AWS says that there is none
		Versioning:  fact.Of(fact.Versioning{Status: "Enabled"}),               // AWS says what it is
		Policy:      fact.Missing[fact.Policy](fact.Gap{Code: "AccessDenied"}), // it could not be read
	}} // anything else was not asked for
	for _, m := range []fact.Message{
		{Run: &fact.Run{SchemaVersion: fact.SchemaVersion, ID: "1", StartedAt: "2026-11-30T00:00:00Z", Tool: "crosscheck", Scope: fact.Scope{Mode: "accounts"}}},
		{Document: &document},
		{Coverage: &fact.Coverage{Accounts: fact.AccountCoverage{Listed: 1, Scanned: 1}, Buckets: fact.BucketCoverage{Listed: 1, Scanned: 1}}},
	} {
		if err := w.Write(m); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(document.Bucket.Policy.Known(), document.Bucket.Replication.Known(), document.Whole())
	// Output:
	// {"run":{"schema_version":"1","id":"1","started_at":"2026-11-30T00:00:00Z","tool":"crosscheck","scope":{"mode":"accounts"}}}
	// {"document":{"schema_version":"1","partition":"aws","bucket":{"name":"logs","arn":"arn:aws:s3:::logs","account_id":"111111111111","region":"eu-west-1","replication":{"absent":true},"versioning":{"value":{"status":"Enabled"}},"policy":{"gap":{"account_id":"","resource":"","fact":"","api":"","code":"AccessDenied","message":""}}}}}
	// {"coverage":{"accounts":{"listed":1,"scanned":1,"unreadable":0},"buckets":{"listed":1,"scanned":1},"links":0,"lines":{"documents":{"111111111111":1},"gaps":0}}}
	// false true false
}

// A file that ends without its coverage was cut: what is not in it was not judged.
func ExampleReader() {
	file := `{"run":{"schema_version":"1","id":"1","started_at":"2026-11-30T00:00:00Z","tool":"crosscheck","scope":{"mode":"accounts"}}}` + "\n"
	r := fact.NewReader(strings.NewReader(file), "facts.jsonl")
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("run", m.Run.ID)
	}
	// Output:
	// run 1
	// facts.jsonl was cut: it ends after line 1 without its coverage line
}

// The tables of facts lead from names to what is known of them.
func ExampleRow() {
	b := fact.Bucket{Versioning: fact.Of(fact.Versioning{}), Tags: fact.None[map[string]string]()}
	for _, row := range fact.BucketFacts {
		if s := row.Of(&b).State(); s.Known() {
			fmt.Println(row.Name, row.APIs, s.Absent)
		}
	}
	// Output:
	// versioning [s3:GetBucketVersioning] false
	// tags [s3:GetBucketTagging] true
}
