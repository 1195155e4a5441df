package iam

import "strings"

// part is one piece of a text with policy variables: literal text (with
// wildcards where the operator knows them), a variable, or one literal character.
type part struct {
	text    string // literal text; the default of a variable
	key     string // lower case; a variable
	literal byte   // '*', '?' or '$' from ${*}, ${?}, ${$}
	hasText bool   // the variable has a default
}

// parseTemplate splits a text at its variables. It gives nil for a text without
// any; ok is false when a "${" is not understood.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func parseTemplate(s string) (parts []part, ok bool) {
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			if parts != nil && s != "" {
				parts = append(parts, part{text: s})
			}
			return parts, true
		}
		if i > 0 {
			parts = append(parts, part{text: s[:i]})
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

func parseVariable(s string) (part, bool) {
	if s == "*" || s == "?" || s == "$" {
		return part{literal: s[0]}, true
	}
	key, def, hasDefault := strings.Cut(s, ",")
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsAny(key, "${}*?'\"") {
		return part{}, false
	}
	p := part{key: lowerKey(key), hasText: hasDefault}
	if hasDefault {
		def = strings.TrimSpace(def)
		if len(def) < 2 || def[0] != '\'' || def[len(def)-1] != '\'' || strings.Contains(def[1:len(def)-1], "'") {
			return part{}, false
		}
		p.text = def[1 : len(def)-1]
	}
	return p, true
}

// lowerKey is the spelling under which context keys are kept.
func lowerKey(key string) string { return strings.ToLower(key) }

// bound is what became of a variable or a text with variables.
type bound uint8

const (
	boundText    bound = iota
	boundNull          // a key is absent without default, or multivalued: no value
	boundUnknown       // a key is not known
)

// variable looks a variable up. A multivalued key never gives a value, its
// default notwithstanding, as AWS was recorded.
func (e *evaluation) variable(p *part) (string, bound) {
	v := e.lookup(p.key)
	switch {
	case v.state == valueUnknown:
		return "", boundUnknown
	case v.multi || v.state == valuePresent && multivalued[p.key]:
		return "", boundNull
	case v.state == valuePresent:
		return v.values[0], boundText
	case p.hasText:
		return p.text, boundText
	}
	return "", boundNull
}

// expand is a text with its variables replaced, for operators without wildcards.
func (e *evaluation) expand(parts []part) (string, bound) {
	var b strings.Builder
	state := boundText
	for i := range parts {
		switch p := &parts[i]; {
		case p.literal != 0:
			b.WriteByte(p.literal)
		case p.key == "":
			b.WriteString(p.text)
		default:
			s, is := e.variable(p)
			if is == boundNull {
				return "", boundNull
			}
			if is == boundUnknown {
				state = boundUnknown
			}
			b.WriteString(s)
		}
	}
	return b.String(), state
}

// expandTokens is a pattern with its variables replaced: what a variable brings
// is literal, and an unknown one may bring anything.
func (e *evaluation) expandTokens(dst []token, parts []part) ([]token, bound) {
	state := boundText
	for i := range parts {
		switch p := &parts[i]; {
		case p.literal != 0:
			dst = append(dst, token(p.literal))
		case p.key == "":
			n := len(dst)
			dst = units(dst, p.text)
			wildcards(dst[n:])
		default:
			s, is := e.variable(p)
			switch is {
			case boundNull:
				return dst, boundNull
			case boundUnknown:
				state = boundUnknown
				dst = append(dst, tokRun)
			default:
				dst = units(dst, s)
			}
		}
	}
	return dst, state
}
