package records_test

import (
	"fmt"
	"testing"

	"crosscheck/report/internal/records"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// closed are the gaps of an account that could not be entered, and one of another account.
func closed() []*fact.Gap {
	gaps := []*fact.Gap{
		{AccountID: "1", Resource: "b", Fact: "bucket.policy", API: "s3:GetBucketPolicy", Code: "AccessDenied"},
		{AccountID: "2", Resource: "2", Fact: "account", API: "sts:AssumeRole", Code: "AccessDenied"},
		{AccountID: "2", Resource: "2", Fact: "account.path", API: "organizations:ListParents", Code: "AccessDenied"},
	}
	for i := range 3 {
		gaps = append(gaps, &fact.Gap{AccountID: "2", Resource: fmt.Sprint("c", i), Fact: "bucket", API: "s3:ListBuckets", Code: fact.NotRead, Message: fmt.Sprintf("c%d is in account 2", i)})
	}
	return gaps
}

// TestGapsOfAClosedAccount: what was not asked for in an account that could not be entered is
// counted with the account, in the list of gaps and in that of findings; what AWS refused is not.
func TestGapsOfAClosedAccount(t *testing.T) {
	t.Parallel()
	got := ""
	for _, g := range records.GroupGaps(closed()) {
		got += fmt.Sprintf("%s %s %d: %s\n", g.AccountID, g.API, g.N, g.Resources())
	}
	if want := "1 s3:GetBucketPolicy 1: b\n2 organizations:ListParents 1: 2\n2 sts:AssumeRole 4: 2 with 3 facts\n"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	rows := records.NewRows(10, closed())
	for _, g := range closed() {
		rows.Add(&finding.Finding{RuleID: "XC036", Status: finding.Unknown, Link: "to " + g.Resource, Message: g.String()})
	}
	list, _ := rows.List()
	got = ""
	for _, r := range list {
		got += fmt.Sprintf("%d %s\n", r.N, r.Message())
	}
	want := `1 bucket.policy is not known: s3:GetBucketPolicy answered AccessDenied in account 1
4 account 2 could not be entered: sts:AssumeRole answered AccessDenied
1 account.path is not known: organizations:ListParents answered AccessDenied in account 2
`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestReasons: links that are unknown for the same gaps name the first of them; what a
// failing link says, or what no gap explains, is never left out.
func TestReasons(t *testing.T) {
	t.Parallel()
	reasons := records.NewReasons(closed())
	unknown := func(id, why string) *finding.Link {
		return &finding.Link{ID: id, Verdict: finding.UnknownVerdict, Why: why}
	}
	policy := closed()[0].String()
	for _, c := range []struct {
		link *finding.Link
		want string
	}{
		{unknown("a", "whether A may x is not known: "+policy), "whether A may x is not known: " + policy},
		{unknown("b", "whether B may x is not known: "+policy), "the same was not read as for a"},
		{unknown("c", closed()[3].String()), closed()[3].String()},
		{unknown("d", closed()[4].String()), "the same was not read as for c"},
		{unknown("e", closed()[4].String()+"; "+policy), closed()[4].String() + "; " + policy},
		{unknown("f", "it depends on aws:sourcevpce"), "it depends on aws:sourcevpce"},
		{unknown("g", "it depends on aws:sourcevpce"), "it depends on aws:sourcevpce"},
		{&finding.Link{ID: "h", Verdict: finding.Broken, Why: policy, FailureCodes: []string{"X"}}, policy + " (X)"},
	} {
		if got := reasons.Of(c.link); got != c.want {
			t.Errorf("%s: %q, want %q", c.link.ID, got, c.want)
		}
	}
}
