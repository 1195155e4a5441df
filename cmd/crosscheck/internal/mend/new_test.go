package mend

import (
	"context"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// TestNewLink: the flags of fix --new reach the set that is written. That the set is right
// is tested where it is made.
func TestNewLink(t *testing.T) {
	t.Parallel()
	works := func(_ context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		return []finding.Link{{ID: doc.Links[0].ID, Verdict: finding.Works}}, nil, nil
	}
	const from, to = "111111111111:orders@eu-west-1/2026/", "222222222222:backup"
	const key, source = "arn:aws:kms:eu-west-1:222222222222:key/b", "arn:aws:kms:eu-west-1:111111111111:key/a"
	for _, c := range []struct {
		args string
		has  string // in one of the documents
		err  string
	}{
		{from + " " + to, "arn:aws:s3:::orders/2026/*", ""},
		{from + " " + to + " --delete-markers", "s3:ReplicateDelete", ""},
		{from + " " + to + " --owner-override", "s3:ObjectOwnerOverrideToBucketOwner", ""},
		{from + " " + to + " --object-lock", "s3:GetObjectLegalHold", ""},
		{from + " " + to + " --annotations", "s3:GetObjectVersionAnnotationForReplication", ""},
		{from + " " + to + " --role r", `"arn:aws:iam::111111111111:role/r"`, ""},
		{from + " " + to + " --kms " + key, `"arn:aws:kms:eu-west-1:111111111111:key/*"`, ""},
		{from + " " + to + " --kms " + key + " --source-kms " + source, `"` + source + `"`, ""},
		{from + " " + to + " --bucket-keys --kms " + key, "kms:GenerateDataKey", ""},
		{from, "", "two buckets, and 1 were given"},
		{":orders " + to, "", "SOURCE: "},
		{from + " :backup", "", "DESTINATION: "},
		{from + " " + to + "/x", "", "DESTINATION has a prefix"},
	} {
		var o New
		fs := pflag.NewFlagSet("fix", pflag.ContinueOnError)
		o.Register(fs)
		if err := fs.Parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		set, err := o.Repairs(t.Context(), fs.Args(), nil, works)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want one that says: %s", c.args, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Fatal(c.args, err)
		}
		found := false
		for _, change := range set.Changes {
			found = found || strings.Contains(change.After, c.has)
		}
		if !found {
			t.Errorf("%s: no document has %s", c.args, c.has)
		}
	}
}
