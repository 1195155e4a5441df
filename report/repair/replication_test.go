package repair_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"crosscheck/report/repair"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// TestReplicationReadsBack writes configurations for the aws CLI, gives them to S3 as the
// sandbox has it, and reads them as a scan does: they must be the facts that they are from.
func TestReplicationReadsBack(t *testing.T) {
	t.Parallel()
	const buckets = 60
	world := "partition: aws\naccounts:\n  - id: \"111111111111\"\n    name: one\n    buckets:\n      - {name: dst, region: us-east-1, versioning: Enabled}\n"
	want := map[string]fact.Replication{}
	for i := range buckets {
		name := fmt.Sprintf("src-%d", i)
		want[name] = replications.Example(i)
		world += "      - name: " + name + "\n        region: us-east-1\n        versioning: Enabled\n        replication: " + converted(t, want[name]) + "\n"
	}
	box := sandboxtest.New(t, world)
	got := map[string]fact.Replication{}
	err := scanner.Scan(context.Background(), box.As(sandbox.DefaultAccessKey, "us-east-1"), scanner.Options{AccountOnly: true}, func(m fact.Message) error {
		if m.Document != nil && m.Document.Bucket.Replication.Value != nil {
			got[m.Document.Bucket.Name] = *m.Document.Bucket.Replication.Value
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range want {
		for i := range r.Rules {
			r.Rules[i].ExistingObjects = "" // S3 does not take it
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what is read is another configuration (-written +read):\n%s", diff)
	}
}

// converted is a configuration as the form aws-cli writes it to a file, on one line.
func converted(t *testing.T, r fact.Replication) string {
	t.Helper()
	after, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	written(t, "aws-cli", &finding.Repairs{Changes: []finding.Change{
		{Target: bucket(finding.Replication, "111111111111", "us-east-1", "src"), Before: "{}", After: string(after)},
	}}, repair.Options{Dir: dir})
	b, err := os.ReadFile(filepath.Join(dir, "01-replication-src.json"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// replications are configurations that S3 takes.
var replications = rapid.Custom(func(t *rapid.T) fact.Replication {
	r := fact.Replication{Role: "arn:aws:iam::111111111111:role/replicate"}
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		rule := rules.Draw(t, "rule")
		rule.ID, rule.Priority = fmt.Sprintf("r%d", i), int32(i+1)
		if rule.Schema == "V1" {
			rule.Priority = 0
			r.Rules = []fact.ReplicationRule{rule} // V1 rules overlap: one is enough
			return r
		}
		r.Rules = append(r.Rules, rule)
	}
	return r
})

var rules = rapid.Custom(func(t *rapid.T) fact.ReplicationRule {
	maybe := func(name string) string { return rapid.SampledFrom([]string{"", "Enabled", "Disabled"}).Draw(t, name) }
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	r := fact.ReplicationRule{
		Schema: "V2", Status: rapid.SampledFrom([]string{"Enabled", "Disabled"}).Draw(t, "status"), Prefix: rapid.SampledFrom([]string{"", "a/", "é b"}).Draw(t, "prefix"),
		Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", StorageClass: rapid.SampledFrom([]string{"", "GLACIER"}).Draw(t, "class")},
	}
	if rapid.IntRange(0, 9).Draw(t, "V1") == 0 {
		r.Schema = "V1"
		return r
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "tags") {
		if r.Tags == nil {
			r.Tags = map[string]string{}
		}
		r.Tags[fmt.Sprintf("k%d", i)] = "v"
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "excluded prefixes") {
		r.Exclude.Prefixes = append(r.Exclude.Prefixes, fmt.Sprintf("x%d/", i))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "excluded tags") {
		r.Exclude.Tags = append(r.Exclude.Tags, fact.Tag{Key: fmt.Sprintf("x%d", i), Value: "y"})
	}
	r.DeleteMarkers = "Disabled"
	if !r.AsksForTags() && yes("delete markers") {
		r.DeleteMarkers = "Enabled"
	}
	r.ExistingObjects = maybe("existing")
	r.ReplicaModifications, r.SSEKMSObjects = maybe("modifications"), maybe("kms")
	d := &r.Destination
	if r.SSEKMSObjects != "" {
		if d.RelatedKey = yes("related key"); !d.RelatedKey {
			d.ReplicaKMSKeyID = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555"
		}
	}
	if d.OwnerOverride = yes("override"); d.OwnerOverride || yes("account") {
		d.Account = "111111111111"
	}
	if d.Metrics = maybe("metrics"); d.Metrics == "Enabled" && yes("time") {
		d.ReplicationTime = "Enabled"
	}
	return r
})
