package contextkey

import (
	"strings"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/match"
)

// Part is one piece of a text with policy variables: literal text (with
// wildcards where the operator knows them), a variable, or one literal character.
type Part struct {
	text    string // literal text; the default of a variable
	Key     string // lower case; a variable
	literal byte   // '*', '?' or '$' from ${*}, ${?}, ${$}
	hasText bool   // the variable has a default
}

// ParseTemplate splits a text at its variables. It gives nil for a text without
// any; ok is false when a "${" is not understood.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func ParseTemplate(s string) (parts []Part, ok bool) {
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			if parts != nil && s != "" {
				parts = append(parts, Part{text: s})
			}
			return parts, true
		}
		if i > 0 {
			parts = append(parts, Part{text: s[:i]})
		}
		end := closing(s[i+2:])
		if end < 0 {
			return parts, false
		}
		p, ok := parseVariable(s[i+2 : i+2+end])
		if !ok {
			return parts, false
		}
		parts = append(parts, p)
		s = s[i+3+end:]
	}
}

// closing is the index of the "}" that ends a variable: a quoted default may hold others.
func closing(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return i
		}
	}
	return -1
}

func parseVariable(s string) (Part, bool) {
	if s == "*" || s == "?" || s == "$" {
		return Part{literal: s[0]}, true
	}
	key, def, hasDefault := strings.Cut(s, ",")
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsAny(key, "${}*?'\"") {
		return Part{}, false
	}
	p := Part{Key: Lower(key), hasText: hasDefault}
	if hasDefault {
		def = strings.TrimSpace(def)
		if len(def) < 2 || def[0] != '\'' || def[len(def)-1] != '\'' || strings.Contains(def[1:len(def)-1], "'") {
			return Part{}, false
		}
		p.text = def[1 : len(def)-1]
	}
	return p, true
}

// Lower is the spelling under which context keys are kept.
func Lower(key string) string { return strings.ToLower(key) }

// bound is what became of a variable or a text with variables.
type bound uint8

const (
	Text    bound = iota
	Null          // a key is absent without default, or multivalued: no value
	Unknown       // a key is not known
)

// variable looks a variable up. A multivalued key never gives a value, its
// default notwithstanding, as AWS was recorded.
func (k *Known) variable(p *Part) (string, bound) {
	v := k.Lookup(p.Key)
	switch {
	case v.State == StateUnknown:
		return "", Unknown
	case v.Multi || v.State == StatePresent && catalog.HasSeveral(p.Key):
		return "", Null
	case v.State == StatePresent:
		return v.Values[0], Text
	case p.hasText:
		return p.text, Text
	}
	return "", Null
}

// Expand is a text with its variables replaced, for operators without wildcards.
func (k *Known) Expand(parts []Part) (string, bound) {
	var b strings.Builder
	state := Text
	for i := range parts {
		switch p := &parts[i]; {
		case p.literal != 0:
			b.WriteByte(p.literal)
		case p.Key == "":
			b.WriteString(p.text)
		default:
			s, is := k.variable(p)
			if is == Null {
				return "", Null
			}
			if is == Unknown {
				state = Unknown
			}
			b.WriteString(s)
		}
	}
	return b.String(), state
}

// ExpandTokens is a pattern with its variables replaced: what a variable brings
// is literal, and an unknown one may bring anything.
func (k *Known) ExpandTokens(dst []match.Token, parts []Part) ([]match.Token, bound) {
	state := Text
	for i := range parts {
		switch p := &parts[i]; {
		case p.literal != 0:
			dst = append(dst, match.Token(p.literal))
		case p.Key == "":
			dst = match.AppendPattern(dst, p.text)
		default:
			s, is := k.variable(p)
			switch is {
			case Null:
				return nil, Null
			case Unknown:
				state = Unknown
				dst = append(dst, match.Run)
			default:
				dst = match.AppendLiteral(dst, s)
			}
		}
	}
	return dst, state
}

// EscapeGlob makes a literal text, such as the prefix of a replication rule,
// literal in the glob of a request: "*", "?" and "${" become "${*}", "${?}"
// and "${$}{", the spelling of policy variables. GlobEscape(prefix)+"*" is every
// key with that prefix.
func EscapeGlob(literal string) string {
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

// GlobTokens reads a glob of a request. ${*}, ${?} and ${$} are literal characters.
func GlobTokens(glob string) (t []match.Token, problem string) {
	parts, ok := ParseTemplate(glob)
	if !ok {
		return nil, "the glob " + glob + " has a \"${\" that is not ${*}, ${?} or ${$}"
	}
	if parts == nil {
		return match.Tokens(glob), ""
	}
	for _, p := range parts {
		switch {
		case p.Key != "":
			return nil, "the glob " + glob + " has a policy variable"
		case p.literal != 0:
			t = append(t, match.Token(p.literal))
		default:
			t = append(t, match.Tokens(p.text)...)
		}
	}
	return t, ""
}
