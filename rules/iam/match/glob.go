// Package match compares texts and ARNs with the patterns of policies, and divides
// the texts of one pattern by others that match them.
package match

import (
	"strings"
	"unicode/utf8"
)

// Match reports whether s matches an IAM pattern: "*" stands for any run of
// characters (":" and "/" too), "?" for exactly one UTF-16 code unit, as AWS
// was recorded to count, so that a character beyond U+FFFF needs two. Letter
// case matters and nothing else is special.
func Match(pattern, s string) bool {
	g := NewGlob(pattern)
	return g.Match(s)
}

// Kind is the form of a pattern.
type Kind uint8

const (
	Literal  Kind = iota // text, and nothing else
	Prefix               // text, then anything
	Anything             // anything
	General              // text with wildcards
)

// Glob is a pattern that was looked at once.
type Glob struct {
	Kind Kind
	one  bool // has "?", or bytes that are no UTF-8: code units have to be counted
	Text string
}

// NewGlob reads a pattern; any text is one.
func NewGlob(pattern string) Glob {
	star := strings.IndexByte(pattern, '*')
	one := strings.IndexByte(pattern, '?') >= 0
	switch {
	case star < 0 && !one:
		return Glob{Literal, false, pattern}
	case star == 0 && len(pattern) == 1:
		return Glob{Anything, false, pattern}
	case !utf8.ValidString(pattern):
		return Glob{General, true, pattern}
	case star == len(pattern)-1 && !one:
		return Glob{Prefix, false, pattern[:star]}
	}
	return Glob{General, one, pattern}
}

// Match is [Match] for a pattern that was read.
func (g *Glob) Match(s string) bool {
	switch g.Kind {
	case Literal:
		return g.Text == s
	case Prefix:
		return strings.HasPrefix(s, g.Text)
	case Anything:
		return true
	}
	// Matching bytes is matching characters, for UTF-8 is self-synchronizing.
	if g.one && !(IsASCII(s) && IsASCII(g.Text)) {
		return MatchTokens(Tokens(g.Text), s)
	}
	return matchBytes(g.Text, s)
}

// MatchFold is match for names whose ASCII letter case does not matter.
// The pattern's text is lower case.
func (g *Glob) MatchFold(s string) bool {
	switch g.Kind {
	case Literal:
		return len(s) == len(g.Text) && HasPrefixFold(s, g.Text)
	case Prefix:
		return HasPrefixFold(s, g.Text)
	case Anything:
		return true
	}
	return matchBytesFold(g.Text, s)
}

// HasPrefixFold reports whether s begins with lower, a text in lower case, whatever
// the case of its ASCII letters.
func HasPrefixFold(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := 0; i < len(lower); i++ {
		if lowerByte[s[i]] != lower[i] {
			return false
		}
	}
	return true
}

// lowerByte maps ASCII capital letters to small ones.
var lowerByte = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// LowerASCII lowers ASCII letters only and allocates only when there is one.
func LowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = lowerByte[b[i]]
			}
			return string(b)
		}
	}
	return s
}

// IsASCII reports whether s has ASCII characters only.
func IsASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// matchBytes matches byte by byte, going back to the last "*" only: an earlier
// one can never help.
func matchBytes(p, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

func matchBytesFold(p, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == lowerByte[s[j]]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
