package match

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a:b/c\nd", true},
		{"a*", "a", true},
		{"a*b", "ab", true},
		{"a*b", "a/x:b", true},
		{"a*b", "abc", false},
		{"*a*a*", "a", false},
		{"*a*a*", "banana", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"?", "é", true},           // one unit of UTF-16, two bytes
		{"?", "\U00010400", false}, // two units
		{"??", "\U00010400", true}, // … each of which a ? takes
		{"a?b", "a\U00010400b", false},
		{"a*?b", "a\U00010400b", true},
		{"\U00010400?", "\U00010400x", true},
		{"\U00010400?", "\U00010400\U00010428", false},
		{"A", "a", false},
		{"a.c", "abc", false},
		{"[ab]", "a", false},
		{"**", "x", true},
		{"*?", "", false},
		{"?*", "x", true},
		{"a**b", "ab", true},
		{strings.Repeat("a*", 50) + "b", strings.Repeat("a", 400), false},
	} {
		if got := Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
		if got := MatchTokens(Tokens(c.pattern), c.s); got != c.want {
			t.Errorf("matchTokens(%q, %q) = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestMatchFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"s3:getobject", "S3:GetObject", true},
		{"s3:get*", "s3:GETOBJECT", true},
		{"s3:replicate?bject", "s3:ReplicateObject", true},
		{"s3:*acl", "s3:GetObjectACL", true},
		{"s3:getobject", "s3:GetObjects", false},
		{"s3:get*", "s3:Put", false},
	} {
		g := NewGlob(c.pattern)
		if got := g.MatchFold(c.s); got != c.want {
			t.Errorf("%q fold %q = %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

// TestAfter: what is left of a pattern behind a prefix matches as the pattern does.
func TestAfter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\U00010400")), 0, 6, -1)
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab\U00010400*?")), 0, 6, -1).Draw(t, "pattern")
		prefix, s := text.Draw(t, "prefix"), text.Draw(t, "s")
		got := slices.ContainsFunc(After(Tokens(pattern), prefix), func(rest []Token) bool { return MatchTokens(rest, s) })
		if got != Match(pattern, prefix+s) {
			t.Fatalf("%q after %q matches %q: %v", pattern, prefix, s, got)
		}
	})
}
