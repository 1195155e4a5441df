package iam

import (
	"strings"
	"unicode/utf8"
)

// Match reports whether s matches an IAM pattern: "*" stands for any run of
// characters (":" and "/" too), "?" for exactly one UTF-16 code unit, as AWS
// was recorded to count, so that a character beyond U+FFFF needs two. Letter
// case matters and nothing else is special.
func Match(pattern, s string) bool {
	g := newGlob(pattern)
	return g.match(s)
}

// GlobEscape makes a literal text, such as the prefix of a replication rule,
// literal in the glob of a [Request]: "*", "?" and "${" become "${*}", "${?}"
// and "${$}{", the spelling of policy variables. GlobEscape(prefix)+"*" is every
// key with that prefix.
func GlobEscape(literal string) string {
	if !strings.ContainsAny(literal, "*?$") {
		return literal
	}
	var b strings.Builder
	for i := 0; i < len(literal); i++ {
		switch c := literal[i]; {
		case c == '*' || c == '?' || c == '$' && strings.HasPrefix(literal[i:], "${"):
			b.WriteString("${")
			b.WriteByte(c)
			b.WriteByte('}')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

type globKind uint8

const (
	globLiteral globKind = iota // text, and nothing else
	globPrefix                  // text, then anything
	globAny                     // anything
	globGeneral                 // text with wildcards
)

// glob is a pattern that was looked at once.
type glob struct {
	kind globKind
	one  bool // has "?", or bytes that are no UTF-8: code units have to be counted
	text string
}

func newGlob(pattern string) glob {
	star := strings.IndexByte(pattern, '*')
	one := strings.IndexByte(pattern, '?') >= 0
	switch {
	case star < 0 && !one:
		return glob{globLiteral, false, pattern}
	case star == 0 && len(pattern) == 1:
		return glob{globAny, false, pattern}
	case !utf8.ValidString(pattern):
		return glob{globGeneral, true, pattern}
	case star == len(pattern)-1 && !one:
		return glob{globPrefix, false, pattern[:star]}
	}
	return glob{globGeneral, one, pattern}
}

func (g *glob) match(s string) bool {
	switch g.kind {
	case globLiteral:
		return g.text == s
	case globPrefix:
		return strings.HasPrefix(s, g.text)
	case globAny:
		return true
	}
	// Matching bytes is matching characters, for UTF-8 is self-synchronizing.
	if g.one && !(ascii(s) && ascii(g.text)) {
		return matchTokens(tokens(g.text), s)
	}
	return matchBytes(g.text, s)
}

// matchFold is match for names whose ASCII letter case does not matter.
// The pattern's text is lower case.
func (g *glob) matchFold(s string) bool {
	switch g.kind {
	case globLiteral:
		return len(s) == len(g.text) && hasPrefixFold(s, g.text)
	case globPrefix:
		return hasPrefixFold(s, g.text)
	case globAny:
		return true
	}
	return matchBytesFold(g.text, s)
}

func hasPrefixFold(s, lower string) bool {
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

// lowerASCII lowers ASCII letters only and allocates only when there is one.
func lowerASCII(s string) string {
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

func ascii(s string) bool {
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
