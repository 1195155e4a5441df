package scanner

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
)

// TestPathsAndParentsAreOne: the list of accounts and the walk to the root give the same
// facts, and a path at odds gives none.
func TestPathsAndParentsAreOne(t *testing.T) {
	t.Parallel()
	scan := func(setting string) (*result, int) {
		s := organizationWith(t, ask.Permissions(), setting)
		r, err := scanAll(t.Context(), caller(s), wholeOrganization)
		if err != nil {
			t.Fatal(err)
		}
		parents := 0
		for c, n := range s.Calls() {
			if c.Operation == "organizations:ListParents" {
				parents += n
			}
		}
		return r, parents
	}
	with, none := scan("paths: true")
	without, some := scan("paths: false")
	if none != 0 || some == 0 {
		t.Errorf("ListParents is called %d times with paths, %d times without", none, some)
	}
	if diff := cmp.Diff(without.lines(t), with.lines(t)); diff != "" {
		t.Errorf("-by parents +by paths:\n%s", diff)
	}

	list := `{"Accounts":[`
	for i, id := range []string{"100000000001", "111111111111", "222222222222", "333333333333", "444444444444"} {
		path := "o-scan000001/r-scan/ou-scan-inner001/" + id + "/"
		if id == "111111111111" {
			path = "o-another001/r-scan/" + id + "/"
		}
		list += strings.Repeat(",", min(i, 1)) + `{"Id":"` + id + `","State":"ACTIVE","Paths":["` + path + `"]}`
	}
	odd, _ := scan("raw: {ListAccounts: '" + list + "]}'}")
	a := odd.docs["src-full"].Accounts["111111111111"]
	if a.Path.Gap == nil || a.SCPs.Gap == nil || a.Path.Gap.Code != "Malformed" || !slices.ContainsFunc(odd.gaps, func(g fact.Gap) bool { return g.Fact == "account.path" && g.API == "organizations:ListAccounts" }) {
		t.Errorf("a path at odds: %+v %+v", a.Path, odd.gaps)
	}
}
