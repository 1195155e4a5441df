package fix

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// unversioned is a document whose destination is not versioned; the judge of these tests
// knows only that.
func unversioned(source string) *fact.Document {
	rule := fact.ReplicationRule{ID: "all", Status: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst"}}
	return &fact.Document{
		Bucket: fact.Bucket{Name: source, ARN: "arn:aws:s3:::" + source},
		Links:  []fact.Link{{ID: fact.LinkID(source, "all", "dst"), Rule: rule, Destination: "dst"}},
		Buckets: map[string]fact.Fact[fact.Bucket]{"dst": fact.Of(fact.Bucket{
			Name: "dst", ARN: "arn:aws:s3:::dst", AccountID: "222222222222", Region: "eu-west-1", Versioning: fact.Of(fact.Versioning{Status: "Suspended"}),
		})},
	}
}

func judgeVersioning(_ context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
	l := finding.Link{ID: doc.Links[0].ID, Verdict: finding.Works, Classes: []finding.ClassVerdict{{Class: finding.Default, Verdict: finding.Works, Counted: true}}}
	x := finding.Finding{RuleID: "XC004", Link: l.ID, Status: finding.Pass, Fingerprint: "4" + l.ID}
	if doc.Buckets["dst"].Value.Versioning.Value.Status != "Enabled" {
		l.Verdict, l.Classes[0].Verdict, x.Status = finding.Broken, finding.Broken, finding.Fail
	}
	return []finding.Link{l}, []finding.Finding{x}, nil
}

// wantVersioning wants what the test judge looks at, set to a value.
func wantVersioning(value string) source {
	return func(s *state) (list []want) {
		for _, x := range s.failing("XC004") {
			b := s.doc.Buckets[s.link(x.Link).Destination].Value
			list = append(list, want{
				Target: finding.Target{Kind: finding.Versioning, AccountID: b.AccountID, Region: b.Region, Resource: b.ARN},
				link:   x.Link, findings: []string{x.Fingerprint},
				edit: &edit{Edit: finding.Edit{Operation: finding.Set, Statement: -1, Values: []string{value}, Instead: b.Versioning.Value.Status}},
			})
		}
		return list
	}
}

// Links that share a bucket get one change of it, whatever the order of the documents.
func TestMerged(t *testing.T) {
	t.Parallel()
	docs := []*fact.Document{unversioned("b"), unversioned("a")}
	got, err := newFinder(docs, judgeVersioning, []source{wantVersioning("Enabled")}).find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	links := []string{docs[1].Links[0].ID, docs[0].Links[0].ID}
	if len(got.Changes) != 1 || got.Changes[0].After != "Enabled" || !got.Changes[0].Proven || !slices.Equal(got.Changes[0].Links, links) || len(got.Fixes) != 2 {
		t.Errorf("%+v", got)
	}
	slices.Reverse(docs)
	again, err := newFinder(docs, judgeVersioning, []source{wantVersioning("Enabled")}).find(t.Context())
	if diff := cmp.Diff(got, again); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A change that does not mend what it is for is not printed.
func TestUnproven(t *testing.T) {
	t.Parallel()
	got, err := newFinder([]*fact.Document{unversioned("a")}, judgeVersioning, []source{wantVersioning("")}).find(t.Context())
	if err != nil || len(got.Changes) > 0 || len(got.Fixes) > 0 || len(got.Decisions) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Where a change is not proven, something else is looked for.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	values := []string{"Paused", "Enabled"}
	next := func(s *state) []want {
		if len(values) == 0 || s.doc.Buckets["dst"].Value.Versioning.Value.Status != "Suspended" {
			return nil
		}
		v := values[0]
		values = values[1:]
		return wantVersioning(v)(s)
	}
	got, err := newFinder([]*fact.Document{unversioned("a")}, judgeVersioning, []source{next}).find(t.Context())
	if err != nil || len(got.Changes) != 1 || got.Changes[0].After != "Enabled" || !got.Changes[0].Proven || len(got.Decisions) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A change is not printed that harms a link which it is not for.
func TestHarmed(t *testing.T) {
	t.Parallel()
	judge := func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		links, findings, err := judgeVersioning(ctx, doc)
		if doc.Bucket.Name == "b" { // works only without versions
			findings = nil
			links[0].Classes[0].Verdict = map[finding.Verdict]finding.Verdict{finding.Works: finding.Broken, finding.Broken: finding.Works}[links[0].Verdict]
			links[0].Verdict = links[0].Classes[0].Verdict
		}
		return links, findings, err
	}
	a, b := unversioned("a"), unversioned("b")
	got, err := newFinder([]*fact.Document{a, b}, judge, []source{wantVersioning("Enabled")}).find(t.Context())
	if err != nil || len(got.Changes) > 0 || !slices.ContainsFunc(got.Decisions, func(d finding.Decision) bool {
		return strings.Contains(d.Text, "the link "+b.Links[0].ID+" would be harmed")
	}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Where a role cannot be made for one link, what others want of it is not printed either.
func TestRoleNotMade(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111111111111:role/r"
	a, b := unversioned("a"), unversioned("b")
	for _, doc := range []*fact.Document{a, b} {
		doc.Roles = map[string]fact.Fact[fact.Role]{role: fact.None[fact.Role]()}
	}
	judge := func(_ context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		l := finding.Link{ID: doc.Links[0].ID, Verdict: finding.Broken}
		x := finding.Finding{RuleID: "XC004", Link: l.ID, Status: finding.Fail, Fingerprint: "4" + l.ID}
		if doc.Bucket.Name == "b" && doc.Roles[role].Value != nil {
			l.Verdict, x.Status = finding.Works, finding.Pass
		}
		return []finding.Link{l}, []finding.Finding{x}, nil
	}
	wants := func(s *state) (list []want) {
		document := func(kind finding.Kind, policy, text string, x *finding.Finding) want {
			return want{
				Target: finding.Target{Kind: kind, AccountID: "111111111111", Resource: role, Policy: policy}, link: x.Link, findings: []string{x.Fingerprint},
				edit: &edit{Edit: finding.Edit{Operation: finding.CreateDocument, Statement: -1, Values: []string{text}}},
			}
		}
		for _, x := range s.failing("XC004") {
			list = append(list, document(finding.TrustPolicy, "", `{"Statement":[]}`, &x))
			if s.doc.Bucket.Name == "b" {
				list = append(list, document(finding.RolePolicy, "p", `{"Statement":[]}`, &x))
			}
		}
		return list
	}
	got, err := newFinder([]*fact.Document{a, b}, judge, []source{wants}).find(t.Context())
	if err != nil || len(got.Changes) > 0 {
		t.Fatalf("%v, %+v", err, got)
	}
	for _, doc := range []*fact.Document{a, b} {
		if !slices.ContainsFunc(got.Decisions, func(d finding.Decision) bool { return d.Link == doc.Links[0].ID }) {
			t.Errorf("nothing says why %s is not mended: %+v", doc.Links[0].ID, got.Decisions)
		}
	}
}
