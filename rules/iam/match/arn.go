package match

import "strings"

// CutARN is the index behind the fifth ":" of an ARN, -1 when there are fewer.
func CutARN(s string) int {
	for i, colons := 0, 0; i < len(s); i++ {
		if s[i] == ':' {
			if colons++; colons == 5 {
				return i + 1
			}
		}
	}
	return -1
}

// ARN is a concrete ARN, split once. cut is -1 for a text that is no ARN.
type ARN struct {
	Text string
	Cut  int
}

// NewARN splits an ARN, or a text that is none.
func NewARN(s string) ARN {
	if !strings.HasPrefix(s, "arn:") {
		return ARN{s, -1}
	}
	return ARN{s, CutARN(s)}
}

// field is one of the first five fields, 0 based.
func (a ARN) field(n int) string { return Field(a.Text, n) }

// Field is the n-th field of a text that ":" divides, 0 based; "" where it has fewer.
func Field(s string, n int) string {
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

// State says whether a pattern is an ARN.
type State uint8

const (
	OK    State = iota
	Bad         // no ARN: matches nothing
	Doubt       // AWS does not say what it matches; a match is unknown
	Short       // of a condition: too few fields, so malformed or without a match
)

// ARNPattern is the pattern of a Resource or of an ARN condition: six fields,
// each with wildcards of its own; those of the sixth cross "/" and ":".
type ARNPattern struct {
	State State
	Any   bool     // covers everything: a bare "*", or a doubtful pattern nothing is known of
	Text  string   // the pattern, its first five fields in lower case
	head  string   // the first five fields with their colons, where they are literal
	heads *[5]Glob // else each of them
	tail  Glob
}

// NewARNPattern compiles a pattern of six fields, or "*".
func NewARNPattern(s string) ARNPattern {
	if s == "*" {
		return ARNPattern{Any: true, Text: s}
	}
	cut := CutARN(s)
	if cut < 0 {
		if i := strings.IndexAny(s, "*?"); i >= 0 && strings.HasPrefix("arn:", s[:min(i, 4)]) {
			p := AnyDoubt // a wildcard may stand for missing fields
			if !strings.HasSuffix(s, "*") {
				p.State = Short
			}
			return p
		}
		return ARNPattern{State: Bad, Text: s}
	}
	head := s[:cut]
	p := ARNPattern{Text: s, tail: NewGlob(s[cut:])}
	if first := Field(head, 0); first != "arn" {
		if !strings.ContainsAny(first, "*?") {
			p.State = Bad
			return p
		}
		p.State = Doubt
	}
	if !strings.ContainsAny(head, "*?") {
		p.head = head
		return p
	}
	p.heads = new([5]Glob)
	for i := range p.heads {
		p.heads[i] = NewGlob(Field(head, i))
	}
	return p
}

// AnyDoubt is a pattern of which nothing is known.
var AnyDoubt = ARNPattern{State: Doubt, Any: true, Text: "*"}

// NewResourcePattern compiles an entry of Resource. An ARN with fewer than six fields is
// completed with "*" for each that is missing; completes says that AWS is known to do so,
// as in identity policies. Elsewhere what it covers then is a perhaps.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
func NewResourcePattern(s string, completes bool) ARNPattern {
	cut := CutARN(s)
	if cut < 0 && strings.HasPrefix(s, "arn:") {
		p := NewResourcePattern(s+strings.Repeat(":*", 5-strings.Count(s, ":")), completes)
		if p.State == OK && !completes {
			p.State = Doubt
		}
		return p
	}
	if cut < 0 {
		p := NewARNPattern(s)
		if p.State == Short {
			p.State = Doubt
		}
		return p
	}
	head := s[:cut]
	if strings.Contains(head, "${") {
		return AnyDoubt // variables are documented for the sixth field only
	}
	// Nor does AWS document whether letter case counts before the sixth field.
	if low := LowerASCII(head); low != head {
		p := NewARNPattern(low + s[cut:])
		if p.State == OK {
			p.State = Doubt
		}
		return p
	}
	return NewARNPattern(s)
}

// Match reports whether the pattern covers the ARN; with arnDoubt a true means "perhaps".
func (p *ARNPattern) Match(a ARN) bool {
	switch {
	case p.Any:
		return true
	case p.State == Bad || a.Cut < 0:
		return false
	case p.heads != nil:
		for i := range p.heads {
			if !p.heads[i].Match(a.field(i)) {
				return false
			}
		}
	case a.Text[:a.Cut] != p.head:
		return false
	}
	return p.tail.Match(a.Text[a.Cut:])
}

// Tokens is the pattern for a [machine]; nil for one that matches nothing.
func (p *ARNPattern) Tokens() []Token {
	switch {
	case p.Any:
		return []Token{Run}
	case p.State == Bad:
		return nil
	}
	return ARNTokens(Tokens(p.Text))
}
