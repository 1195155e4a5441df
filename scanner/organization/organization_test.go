package organization

import (
	"strings"
	"testing"

	"crosscheck/scanner/fact"
)

// TestListedPath: a path that does not begin with the organization and a root of it, or does
// not end with the account, is none.
func TestListedPath(t *testing.T) {
	t.Parallel()
	const id = "111111111111"
	o := &Reader{Fact: fact.Of(fact.Organization{ID: "o-1"}), roots: []string{"r-1"}}
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
