package iam

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a document; a policy needs six levels.
const maxDepth = 48

type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeBool
	nodeNumber
	nodeString
	nodeArray
	nodeObject
)

func (k nodeKind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// node is one JSON value. Nodes live in one slice and refer to each other by
// index, so that a document costs one allocation; index 0 is the root, which is
// nobody's child, so 0 also means "none".
type node struct {
	kind           nodeKind
	off, end       int32 // the bytes of the value
	keyOff         int32 // the bytes of the member name
	child, sibling int32
	count          int32  // children
	key            string // member name
	text           string // a string's value; the literal text of a number, boolean or null
}

// tree is a JSON document with the position of every value. Strings without
// escapes are slices of src.
type tree struct {
	src   string
	nodes []node
}

// spare keeps the nodes of trees that were released: they are a third of what
// parsing a policy would allocate.
var spare = sync.Pool{New: func() any { n := make([]node, 0, 256); return &n }}

// release gives the nodes back; the tree is of no use then.
func (t *tree) release() {
	clear(t.nodes)
	spare.Put(&t.nodes)
}

// fault is a syntax error.
type fault struct {
	off int
	msg string
}

// parseJSON reads one JSON value and nothing else. It is stricter than
// encoding/json: invalid UTF-8 and lone surrogates are faults; duplicate names
// are left to the caller, who sees all of them.
func parseJSON(src string) (*tree, *fault) {
	t := &tree{src: src, nodes: (*spare.Get().(*[]node))[:0]}
	s := scanner{tree: t}
	s.space()
	if s.pos == len(src) {
		return nil, &fault{s.pos, "the document is empty"}
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
	*tree
	pos   int
	fault *fault
}

func (s *scanner) failAt(off int, format string, args ...any) {
	if s.fault == nil {
		s.fault = &fault{off, fmt.Sprintf(format, args...)}
	}
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
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
	if s.pos >= len(s.src) {
		s.failAt(s.pos, "the document ends where a value should stand")
		return 0
	}
	at := int32(len(s.nodes))
	s.nodes = append(s.nodes, node{off: int32(s.pos)})
	switch c := s.src[s.pos]; c {
	case '{':
		s.nodes[at].kind = nodeObject
		s.members(at, depth)
	case '[':
		s.nodes[at].kind = nodeArray
		s.elements(at, depth)
	case '"':
		text := s.str()
		s.nodes[at].kind, s.nodes[at].text = nodeString, text
	default:
		kind, text := s.literal()
		s.nodes[at].kind, s.nodes[at].text = kind, text
	}
	s.nodes[at].end = int32(s.pos)
	return at
}

// link makes child the next child of parent; last is the child before it.
func (s *scanner) link(parent, last, child int32) {
	if last == 0 {
		s.nodes[parent].child = child
	} else {
		s.nodes[last].sibling = child
	}
	s.nodes[parent].count++
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
		s.nodes[child].key, s.nodes[child].keyOff = key, int32(keyOff)
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
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *scanner) found() string {
	if s.pos >= len(s.src) {
		return ", but the document ends"
	}
	r, _ := utf8.DecodeRuneInString(s.src[s.pos:])
	return fmt.Sprintf(", found %q", r)
}

func (s *scanner) literal() (nodeKind, string) {
	start := s.pos
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':' || c == '"' || c == '[' || c == '{' {
			break
		}
		s.pos++
	}
	text := s.src[start:s.pos]
	switch text {
	case "true", "false":
		return nodeBool, text
	case "null":
		return nodeNull, text
	}
	if !validNumber(text) {
		s.pos = start
		s.failAt(start, "expected a JSON value%s", s.found())
	}
	return nodeNumber, text
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
	for i := start; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case c == '"':
			s.pos = i + 1
			return s.src[start:i]
		case c == '\\':
			return s.escaped(start, i)
		case c < 0x20:
			s.failAt(i, "control character U+%04X inside a string", c)
			s.pos = i
			return ""
		}
	}
	s.failAt(start-1, "string without an end")
	s.pos = len(s.src)
	return ""
}

// escaped reads a string whose first backslash stands at i.
func (s *scanner) escaped(start, i int) string {
	var b strings.Builder
	b.WriteString(s.src[start:i])
	for i < len(s.src) {
		c := s.src[i]
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
		if i+1 >= len(s.src) {
			break
		}
		switch e := s.src[i+1]; e {
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
				if strings.HasPrefix(s.src[i+2:], `\u`) {
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
	s.pos = len(s.src)
	return ""
}

func (s *scanner) hex(i int) (rune, bool) {
	if i+4 > len(s.src) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.src[i : i+4]) {
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

// codePoints prints the characters of s that are not printable ASCII as U+XXXX.
func codePoints(s string) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if r >= 0x20 && r < 0x7F {
			continue
		}
		if n++; n > 4 {
			b.WriteString(", …")
			break
		}
		if n > 1 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "U+%04X", r)
		b.WriteString(" at byte " + strconv.Itoa(i))
	}
	return b.String()
}
