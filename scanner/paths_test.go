package scanner

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/fact"
)

// TestListedPath: a path that does not begin with the organization and a root of it, or does
// not end with the account, is none.
func TestListedPath(t *testing.T) {
	t.Parallel()
	const id = "111111111111"
	o := &organization{fact: fact.Of(fact.Organization{ID: "o-1"}), roots: []string{"r-1"}}
	for path, want := range map[string]string{
		"o-1/r-1/" + id + "/":           "r-1",
		"o-1/r-1/ou-a/ou-b/" + id + "/": "r-1 ou-a ou-b",
		"o-1/r-1/ou-a/" + id:            "r-1 ou-a",
		"o-2/r-1/" + id + "/":           "",
		"o-1/r-2/" + id + "/":           "",
		"o-1/r-1/222222222222/":         "",
		"o-1/r-1/ou-a/":                 "",
		"o-1/" + id + "/":               "",
		"r-1/" + id + "/":               "",
		"o-1/r-1/x-a/" + id + "/":       "",
		"o-1/ou-a/r-1/" + id + "/":      "",
		"o-1/r-1/ou-a/ou-a/" + id + "/": "",
		"o-1/r-1//" + id + "/":          "",
		"/o-1/r-1/" + id + "/":          "",
		"":                              "",
		"o-1/r-1" + strings.Repeat("/ou-", 12) + "/" + id: "",
	} {
		got, err := o.listedPath(id, []string{path})
		if text := strings.Join(got, " "); text != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", path, text, err)
		}
	}
	if got, err := o.listedPath(id, []string{"o-1/r-1/" + id + "/", "o-1/r-1/" + id + "/"}); err == nil {
		t.Errorf("two paths: %q", got)
	}
}

// TestPathsAndParentsAreOne: the list of accounts and the walk to the root give the same
// facts, and a path at odds gives none.
func TestPathsAndParentsAreOne(t *testing.T) {
	t.Parallel()
	scan := func(setting string) (*result, int) {
		s := organizationWith(t, Permissions(), setting)
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
