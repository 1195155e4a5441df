// Package jsontree reads JSON into a tree that keeps the position of every value
// and every duplicate name.
package jsontree

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a document; a policy needs six levels.
const maxDepth = 48

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String is the kind with its article, as messages need it.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// Node is one JSON value. Nodes live in one slice and refer to each other by
// index, so that a document costs one allocation; index 0 is the root, which is
// no node's child, so 0 also means "none".
type Node struct {
	Kind           Kind
	Off, End       int32 // the bytes of the value
	KeyOff         int32 // the bytes of the member name
	Child, Sibling int32
	Count          int32  // children
	Key            string // member name
	Text           string // a string's value; the literal text of a number, boolean or null
}

// Tree is a JSON document with the position of every value. Strings without
// escapes are slices of src.
type Tree struct {
	Src   string
	Nodes []Node
}

// spare keeps the nodes of trees that were released: they are a third of what
// parsing a policy would allocate.
var spare = sync.Pool{New: func() any { n := make([]Node, 0, 256); return &n }}

// Release gives the nodes back; the tree is of no use then.
func (t *Tree) Release() {
	clear(t.Nodes)
	spare.Put(&t.Nodes)
}

// Fault is a syntax error.
type Fault struct {
	Off int
	Msg string
}

// Parse reads one JSON value and nothing else. It is stricter than
// encoding/json: invalid UTF-8 and lone surrogates are faults; duplicate names
// are left to the caller, who sees all of them.
func Parse(src string) (*Tree, *Fault) {
	t := &Tree{Src: src, Nodes: (*spare.Get().(*[]Node))[:0]}
	s := scanner{Tree: t}
	s.space()
	if s.pos == len(src) {
		return nil, &Fault{s.pos, "the document is empty"}
	}
	s.value(0)
	if s.fault == nil {
		s.space()
		if s.pos < len(src) {
			s.failAt(s.pos, "text after the end of the document")
		}
	}
	if s.fault != nil {
		return nil, s.fault
	}
	return t, nil
}

type scanner struct {
	*Tree
	pos   int
	fault *Fault
}

func (s *scanner) failAt(off int, format string, args ...any) {
	if s.fault == nil {
		s.fault = &Fault{off, fmt.Sprintf(format, args...)}
	}
}

func (s *scanner) space() {
	for s.pos < len(s.Src) {
		switch s.Src[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// value appends the value at pos and returns its index.
func (s *scanner) value(depth int) int32 {
	if depth > maxDepth {
		s.failAt(s.pos, "nested more than %d levels deep", maxDepth)
		return 0
	}
	if s.pos >= len(s.Src) {
		s.failAt(s.pos, "the document ends where a value is expected")
		return 0
	}
	at := int32(len(s.Nodes))
	s.Nodes = append(s.Nodes, Node{Off: int32(s.pos)})
	switch c := s.Src[s.pos]; c {
	case '{':
		s.Nodes[at].Kind = Object
		s.members(at, depth)
	case '[':
		s.Nodes[at].Kind = Array
		s.elements(at, depth)
	case '"':
		text := s.str()
		s.Nodes[at].Kind, s.Nodes[at].Text = String, text
	default:
		kind, text := s.literal()
		s.Nodes[at].Kind, s.Nodes[at].Text = kind, text
	}
	s.Nodes[at].End = int32(s.pos)
	return at
}

// link makes child the next child of parent; last is the child before it.
func (s *scanner) link(parent, last, child int32) {
	if last == 0 {
		s.Nodes[parent].Child = child
	} else {
		s.Nodes[last].Sibling = child
	}
	s.Nodes[parent].Count++
}

func (s *scanner) elements(at int32, depth int) {
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return
	}
	for last := int32(0); ; {
		s.space()
		child := s.value(depth + 1)
		if s.fault != nil {
			return
		}
		s.link(at, last, child)
		last = child
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return
		default:
			s.failAt(s.pos, "expected \",\" or \"]\" in an array%s", s.found())
			return
		}
	}
}

func (s *scanner) members(at int32, depth int) {
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return
	}
	for last := int32(0); ; {
		s.space()
		if s.peek() != '"' {
			s.failAt(s.pos, "expected a member name in double quotes%s", s.found())
			return
		}
		keyOff := s.pos
		key := s.str()
		s.space()
		if s.fault == nil && s.peek() != ':' {
			s.failAt(s.pos, "expected \":\" after the member name %q%s", key, s.found())
		}
		if s.fault != nil {
			return
		}
		s.pos++
		s.space()
		child := s.value(depth + 1)
		if s.fault != nil {
			return
		}
		s.Nodes[child].Key, s.Nodes[child].KeyOff = key, int32(keyOff)
		s.link(at, last, child)
		last = child
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return
		default:
			s.failAt(s.pos, "expected \",\" or \"}\" in an object%s", s.found())
			return
		}
	}
}

// peek is the byte at pos, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.Src) {
		return s.Src[s.pos]
	}
	return 0
}

func (s *scanner) found() string {
	if s.pos >= len(s.Src) {
		return ", but the document ends"
	}
	r, _ := utf8.DecodeRuneInString(s.Src[s.pos:])
	return fmt.Sprintf(", found %q", r)
}

func (s *scanner) literal() (Kind, string) {
	start := s.pos
	for s.pos < len(s.Src) {
		c := s.Src[s.pos]
		if c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':' || c == '"' || c == '[' || c == '{' {
			break
		}
		s.pos++
	}
	text := s.Src[start:s.pos]
	switch text {
	case "true", "false":
		return Bool, text
	case "null":
		return Null, text
	}
	if !validNumber(text) {
		s.pos = start
		s.failAt(start, "expected a JSON value%s", s.found())
	}
	return Number, text
}

// validNumber reports whether text is a number of RFC 8259.
func validNumber(text string) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	first := i
	if !digits() || (text[first] == '0' && i > first+1) {
		return false
	}
	if i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(text)
}

// str reads the string at pos.
func (s *scanner) str() string {
	start := s.pos + 1
	for i := start; i < len(s.Src); i++ {
		switch c := s.Src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.Src[start:i]
		case c == '\\':
			return s.escaped(start, i)
		case c < 0x20:
			s.failAt(i, "control character U+%04X inside a string", c)
			s.pos = i
			return ""
		}
	}
	s.failAt(start-1, "string without an end")
	s.pos = len(s.Src)
	return ""
}

// escaped reads a string whose first backslash is at i.
func (s *scanner) escaped(start, i int) string {
	var b strings.Builder
	b.WriteString(s.Src[start:i])
	for i < len(s.Src) {
		c := s.Src[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return b.String()
		case c < 0x20:
			s.failAt(i, "control character U+%04X inside a string", c)
			s.pos = i
			return ""
		case c != '\\':
			b.WriteByte(c)
			i++
			continue
		}
		if i+1 >= len(s.Src) {
			break
		}
		switch e := s.Src[i+1]; e {
		case '"', '\\', '/':
			b.WriteByte(e)
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, ok := s.hex(i + 2)
			if !ok {
				s.failAt(i, "\\u needs four hexadecimal digits")
				s.pos = i
				return ""
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if strings.HasPrefix(s.Src[i+2:], `\u`) {
					low, ok = s.hex(i + 4)
				}
				r = utf16.DecodeRune(r, low)
				if !ok || r == utf8.RuneError {
					s.failAt(i-4, "half of a surrogate pair in a string")
					s.pos = i
					return ""
				}
				i += 6
			}
			b.WriteRune(r)
		default:
			s.failAt(i, "unknown escape \\%c in a string", e)
			s.pos = i
			return ""
		}
		i += 2
	}
	s.failAt(start-1, "string without an end")
	s.pos = len(s.Src)
	return ""
}

func (s *scanner) hex(i int) (rune, bool) {
	if i+4 > len(s.Src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.Src[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Texts are the scalars of a node that is one or an array of them.
func (t *Tree) Texts(n int32) []string {
	if n == 0 {
		return nil
	}
	if k := t.Nodes[n].Kind; k == String || k == Number || k == Bool {
		return []string{t.Nodes[n].Text}
	}
	texts := []string{}
	if t.Nodes[n].Kind == Array {
		for c := t.Nodes[n].Child; c != 0; c = t.Nodes[c].Sibling {
			if k := t.Nodes[c].Kind; k == String || k == Number || k == Bool {
				texts = append(texts, t.Nodes[c].Text)
			}
		}
	}
	return texts
}
