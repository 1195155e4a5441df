package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crosscheck/report"
	"crosscheck/report/reporttest"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix/shared"
	"crosscheck/scanner/fact"
)

// sharing is a document of a source bucket that shares a role.
func sharing(bucket, role string) *fact.Document {
	return &fact.Document{
		SchemaVersion: fact.SchemaVersion, Partition: "aws", Organization: fact.None[fact.Organization](),
		Bucket: fact.Bucket{Name: bucket, ARN: "arn:aws:s3:::" + bucket, AccountID: "111111111111", Region: "us-east-1", Replication: fact.None[fact.Replication]()},
		Roles:  map[string]fact.Fact[fact.Role]{role: fact.None[fact.Role]()},
	}
}

// judgedTogether finds which documents a repairer judges together.
func judgedTogether(t *testing.T, docs ...*fact.Document) (groups []string, repairs []report.Message) {
	t.Helper()
	got := reporttest.NewRecorder()
	r := &repairer{Handler: got, links: shared.New(), find: func(_ context.Context, docs []*fact.Document) (finding.Repairs, error) {
		var names []string
		for _, d := range docs {
			names = append(names, d.Bucket.Name)
		}
		slices.Sort(names)
		name := strings.Join(names, " ")
		return finding.Repairs{Decisions: []finding.Decision{{Text: name}}}, nil
	}}
	defer r.close()
	for _, d := range docs {
		if err := r.Facts(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Messages {
		if m.Repairs != nil {
			groups = append(groups, m.Repairs.Decisions[0].Text)
			repairs = append(repairs, m)
		}
	}
	slices.Sort(groups)
	return groups, repairs
}

// Buckets that share a role, directly or through others, are judged together, and no others.
func TestRepairsTogether(t *testing.T) {
	t.Parallel()
	role := func(n int) string { return fmt.Sprintf("arn:aws:iam::111111111111:role/r%d", n) }
	both := sharing("c", role(1))
	both.Roles[role(2)] = fact.None[fact.Role]()
	got, _ := judgedTogether(t, sharing("a", role(1)), sharing("b", role(2)), sharing("d", role(3)), both, sharing("e", role(3)), sharing("f", role(4)))
	if want := []string{"a b c", "d e", "f"}; !slices.Equal(got, want) {
		t.Errorf("judged together: %q, want %q", got, want)
	}
	if got, _ := judgedTogether(t); got != nil {
		t.Errorf("without a document: %q", got)
	}
}

// Too many that share something are said to be, and not judged.
func TestRepairsAreBounded(t *testing.T) {
	t.Parallel()
	var docs []*fact.Document
	for i := range 5 {
		d := sharing(fmt.Sprint("b", i), "arn:aws:iam::111111111111:role/r")
		d.Bucket.Policy = fact.Of(fact.Policy{Document: strings.Repeat("x", maxTogether/4)})
		docs = append(docs, d)
	}
	got, _ := judgedTogether(t, docs...)
	if len(got) != 1 || !strings.Contains(got[0], "the source bucket b0 and 4 others share policies") {
		t.Errorf("%q", got)
	}
}

// A change that takes something away is not proven while a link that works uses the same
// policy: only failing links are judged with it.
func TestRepairsOfOthersPolicies(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111111111111:role/r"
	link := func(source string, v finding.Verdict) *finding.Link {
		return &finding.Link{ID: source + "/r→dst", RoleARN: role, Verdict: v, Source: finding.End{Bucket: source}, Destination: finding.End{Bucket: "dst"}}
	}
	for name, c := range map[string]struct {
		works  bool // a second link uses the destination, and works
		proven bool
	}{"alone": {false, true}, "shared": {true, false}} {
		got := reporttest.NewRecorder()
		r := &repairer{Handler: got, links: shared.New(), find: func(context.Context, []*fact.Document) (finding.Repairs, error) {
			return finding.Repairs{
				Changes: []finding.Change{{
					Target: finding.Target{Kind: finding.BucketPolicy, Resource: "arn:aws:s3:::dst"}, Proven: true,
					Edits: []finding.Edit{{Operation: finding.ReplacePrincipal, Values: []string{role}}},
				}},
				Fixes: []finding.Fix{{Link: "src/r→dst", Proven: true, Changes: []int{0}}},
			}, nil
		}}
		doc := sharing("src", role)
		rule := fact.ReplicationRule{ID: "r", Schema: "V2", Status: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}}
		doc.Bucket.Replication = fact.Of(fact.Replication{Role: role, Rules: []fact.ReplicationRule{rule}})
		doc.Buckets = map[string]fact.Fact[fact.Bucket]{"dst": fact.None[fact.Bucket]()}
		doc.Links = []fact.Link{doc.LinkOf(&rule)}
		err := r.Link(link("src", finding.Broken))
		if c.works {
			err = errors.Join(err, r.Link(link("other", finding.Works)))
		}
		if err = errors.Join(err, r.Facts(doc), r.repair(t.Context())); err != nil {
			t.Fatal(err)
		}
		r.close()
		x := got.Messages[len(got.Messages)-1].Repairs
		if x == nil || x.Changes[0].Proven != c.proven || x.Fixes[0].Proven != c.proven {
			t.Errorf("%s: %+v", name, x)
		}
	}
}
