package spelling_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"crosscheck/rules/spelling"
)

func Example() {
	fmt.Println(spelling.Nearest("sacn", []string{"scan", "strict"}))
	// Output: scan
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"scan", "scan", 0}, {"scn", "scan", 1}, {"scan", "stan", 1}, {"sacn", "scan", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3},
	} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word, want string
		known      []string
	}{
		{"strikt", "strict", []string{"scan", "strict"}},
		{"failon", "fail_on", []string{"fail_on", "strict"}},
		{"xxxxx", "", []string{"fail_on", "strict"}},
		{"sacn", "scan", []string{"strict", "scan"}},
		{"XC040", "XC041", []string{"XC041", "XC042"}},
		{"", "", []string{"scan"}},
		{"rulse", "rules", []string{"rules"}},
	} {
		if got := spelling.Nearest(c.word, c.known); got != c.want {
			t.Errorf("%q: %q, want %q", c.word, got, c.want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringMatching(`[a-c]{0,6}`)
		a, b := word.Draw(r, "a"), word.Draw(r, "b")
		if d := spelling.Distance(a, b); d != spelling.Distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			r.Fatalf("Distance(%q, %q) = %d", a, b, d)
		}
	})
}
