package iam

import "strings"

// arnCut is the index behind the fifth ":" of an ARN, -1 when there are fewer.
func arnCut(s string) int {
	for i, colons := 0, 0; i < len(s); i++ {
		if s[i] == ':' {
			if colons++; colons == 5 {
				return i + 1
			}
		}
	}
	return -1
}

// arnValue is a concrete ARN, split once. cut is -1 for a text that is no ARN.
type arnValue struct {
	text string
	cut  int
}

func newARNValue(s string) arnValue {
	if !strings.HasPrefix(s, "arn:") {
		return arnValue{s, -1}
	}
	return arnValue{s, arnCut(s)}
}

// field is one of the first five fields, 0 based.
func (a arnValue) field(n int) string { return arnField(a.text, n) }

func arnField(s string, n int) string {
	for ; n > 0; n-- {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			return ""
		}
		s = s[i+1:]
	}
	if i := strings.IndexByte(s, ':'); i >= 0 {
		return s[:i]
	}
	return s
}

type arnState uint8

const (
	arnOK    arnState = iota
	arnBad            // no ARN: matches nothing
	arnDoubt          // AWS does not say what it matches; a match is unknown
	arnShort          // of a condition: too few fields, so malformed or without a match
)

// arnPattern is the pattern of a Resource or of an ARN condition: six fields,
// each with wildcards of its own; those of the sixth cross "/" and ":".
type arnPattern struct {
	state arnState
	any   bool     // covers everything: a bare "*", or a doubtful pattern nothing is known of
	short bool     // tail is matched against the whole ARN
	text  string   // the pattern, its first five fields in lower case
	head  string   // the first five fields with their colons, where they are literal
	heads *[5]glob // else each of them
	tail  glob
}

// newARNPattern compiles a pattern of six fields, or "*".
func newARNPattern(s string) arnPattern {
	if s == "*" {
		return arnPattern{any: true, text: s}
	}
	cut := arnCut(s)
	if cut < 0 {
		if i := strings.IndexAny(s, "*?"); i >= 0 && strings.HasPrefix("arn:", s[:min(i, 4)]) {
			p := anyDoubt // a wildcard may stand for missing fields
			if !strings.HasSuffix(s, "*") {
				p.state = arnShort
			}
			return p
		}
		return arnPattern{state: arnBad, text: s}
	}
	head := s[:cut]
	p := arnPattern{text: s, tail: newGlob(s[cut:])}
	if first := arnField(head, 0); first != "arn" {
		if !strings.ContainsAny(first, "*?") {
			p.state = arnBad
			return p
		}
		p.state = arnDoubt
	}
	if !strings.ContainsAny(head, "*?") {
		p.head = head
		return p
	}
	p.heads = new([5]glob)
	for i := range p.heads {
		p.heads[i] = newGlob(arnField(head, i))
	}
	return p
}

// anyDoubt is a pattern of which nothing is known.
var anyDoubt = arnPattern{state: arnDoubt, any: true, text: "*"}

// newResourcePattern compiles an entry of Resource. extends says that a "*" at
// the end of a short ARN is known to stand for the missing fields too.
func newResourcePattern(s string, extends bool) arnPattern {
	cut := arnCut(s)
	if cut < 0 {
		star := strings.IndexAny(s, "*?")
		if star > 3 && star == len(s)-1 && s[star] == '*' && strings.HasPrefix(s, "arn:") && lowerASCII(s) == s && !strings.Contains(s, "${") {
			p := arnPattern{short: true, text: s, tail: newGlob(s)}
			if !extends {
				p.state = arnDoubt
			}
			return p
		}
		p := newARNPattern(s)
		if p.state == arnShort {
			p.state = arnDoubt
		}
		return p
	}
	head := s[:cut]
	if strings.Contains(head, "${") {
		return anyDoubt // variables are documented for the sixth field only
	}
	// Nor does AWS document whether letter case counts before the sixth field.
	if low := lowerASCII(head); low != head {
		p := newARNPattern(low + s[cut:])
		if p.state == arnOK {
			p.state = arnDoubt
		}
		return p
	}
	return newARNPattern(s)
}

// match reports whether the pattern covers the ARN; with arnDoubt a true means "perhaps".
func (p *arnPattern) match(a arnValue) bool {
	switch {
	case p.any:
		return true
	case p.state == arnBad || a.cut < 0:
		return false
	case p.short:
		return p.tail.match(a.text)
	case p.heads != nil:
		for i := range p.heads {
			if !p.heads[i].match(a.field(i)) {
				return false
			}
		}
	case a.text[:a.cut] != p.head:
		return false
	}
	return p.tail.match(a.text[a.cut:])
}

// tokens is the pattern for a [machine]; nil for one that matches nothing.
func (p *arnPattern) tokens() []token {
	switch {
	case p.any:
		return []token{tokRun}
	case p.state == arnBad:
		return nil
	case p.short:
		return tokens(p.text)
	}
	return arnTokens(tokens(p.text))
}
