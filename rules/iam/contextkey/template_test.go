package contextkey

import (
	"strings"
	"testing"

	"crosscheck/rules/iam/match"
)

func TestGlobEscape(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain/", "a*b", "a?b", "${aws:username}", "$", "$$", "$*", "${*}", "*?$", "é*", "a$b{c}"} {
		universe, problem := GlobTokens(EscapeGlob(s))
		if problem != "" {
			t.Errorf("GlobEscape(%q) = %q: %s", s, EscapeGlob(s), problem)
			continue
		}
		for _, other := range []string{s, s + "x", "x" + s, strings.NewReplacer("*", "x", "?", "y", "$", "z").Replace(s)} {
			if got := match.MatchTokens(universe, other); got != (other == s) {
				t.Errorf("GlobEscape(%q) = %q matches %q: %v", s, EscapeGlob(s), other, got)
			}
		}
	}
}

func FuzzGlobEscape(f *testing.F) {
	f.Add("a*${x}?$")
	f.Fuzz(func(t *testing.T, s string) {
		if esc, problem := GlobTokens(EscapeGlob(s)); problem != "" || !match.MatchTokens(esc, s) {
			t.Errorf("GlobEscape(%q) = %q does not match it: %s", s, EscapeGlob(s), problem)
		}
	})
}
