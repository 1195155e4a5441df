// Package exactjson finds in JSON what encoding/json lets pass: field names in another
// letter case, names that occur twice in an object, and text that is not UTF-8; where it is
// asked to, also fields that are missing although they are always written.
package exactjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Shape is the field names of a type, on every level.
type Shape struct {
	fields map[string]int // of a struct, nil = any name
	below  []*Shape       // of the fields, by number
	elem   *Shape         // of the values of a map or list, nil = of any shape
	always []string       // names of fields that must be there
}

// ShapeOf is the shape of T. What a type decodes by itself may have any names.
func ShapeOf[T any]() *Shape {
	return builder{known: map[reflect.Type]*Shape{}}.shape(reflect.TypeFor[T]())
}

// WholeShapeOf is the shape of T of which no field may be missing that encoding/json always
// writes: all but those with omitempty or omitzero.
func WholeShapeOf[T any]() *Shape {
	return builder{known: map[reflect.Type]*Shape{}, whole: true}.shape(reflect.TypeFor[T]())
}

type builder struct {
	known map[reflect.Type]*Shape
	whole bool
}

var decodesItself = reflect.TypeFor[json.Unmarshaler]()

func (b builder) shape(t reflect.Type) *Shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s := b.known[t]; s != nil {
		return s
	}
	s := &Shape{}
	b.known[t] = s
	if reflect.PointerTo(t).Implements(decodesItself) {
		return s
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		s.elem = b.shape(t.Elem())
	case reflect.Struct:
		s.fields = map[string]int{}
		for _, f := range reflect.VisibleFields(t) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" || !f.IsExported() || f.Anonymous && name == "" {
				continue
			}
			if name == "" {
				name = f.Name
			}
			s.fields[name] = len(s.below)
			if b.whole && !strings.Contains(options, "omit") {
				s.always = append(s.always, name)
			}
			s.below = append(s.below, b.shape(f.Type))
		}
	}
	return s
}

// Check looks at one JSON value that encoding/json decoded into a value of the shape
// without an error, in one pass.
func (s *Shape) Check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("this is not UTF-8")
	}
	w := walk{data: data}
	return w.value(s)
}

type walk struct {
	data []byte
	at   int
}

func (w *walk) value(s *Shape) error {
	switch w.space() {
	case '{':
		return w.object(s)
	case '[':
		return w.list(s)
	case '"':
		w.text()
		return nil
	}
	for w.at < len(w.data) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(w.data[w.at])) {
		w.at++
	}
	return nil
}

// space skips blanks and gives the byte after them, 0 at the end.
func (w *walk) space() byte {
	for ; w.at < len(w.data); w.at++ {
		switch c := w.data[w.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// text skips a string and gives what is between its quotes.
func (w *walk) text() []byte {
	w.at++
	for start := w.at; w.at < len(w.data); w.at++ {
		switch w.data[w.at] {
		case '\\':
			w.at++
		case '"':
			w.at++
			return w.data[start : w.at-1]
		}
	}
	return nil
}

func (w *walk) list(s *Shape) error {
	below := anything
	if s.elem != nil {
		below = s.elem
	}
	for w.at++; ; {
		switch w.space() {
		case ']':
			w.at++
			return nil
		case ',':
			w.at++
		case 0:
			return nil
		default:
			if err := w.value(below); err != nil {
				return err
			}
		}
	}
}

var anything = &Shape{}

func (w *walk) object(s *Shape) error {
	var seen names
	for w.at++; ; {
		switch w.space() {
		case '}':
			w.at++
			return seen.lacks(s.always)
		case ',':
			w.at++
			continue
		case 0:
			return nil
		}
		name := w.text()
		if bytes.IndexByte(name, '\\') >= 0 {
			var plain string
			if err := json.Unmarshal(w.data[w.at-len(name)-2:w.at], &plain); err != nil {
				return err
			}
			name = []byte(plain)
		}
		if seen.add(name) {
			return fmt.Errorf("field %q occurs twice", name)
		}
		below := anything
		switch {
		case s.fields != nil:
			i, ok := s.fields[string(name)]
			if !ok {
				return fmt.Errorf("unknown field %q", name)
			}
			below = s.below[i]
		case s.elem != nil:
			below = s.elem
		}
		w.space()
		w.at++ // the colon
		if err := w.value(below); err != nil {
			return err
		}
	}
}

// names are the names of one object: a list while they are few.
type names struct {
	few  [16][]byte
	n    int
	many map[string]bool
}

// lacks is an error about the first of some names that is not there.
func (n *names) lacks(always []string) error {
	for _, name := range always {
		if !n.many[name] && !slices.ContainsFunc(n.few[:n.n], func(few []byte) bool { return string(few) == name }) {
			return fmt.Errorf("field %q is missing", name)
		}
	}
	return nil
}

// add reports whether the name is there already.
func (n *names) add(name []byte) bool {
	for _, f := range n.few[:n.n] {
		if string(f) == string(name) {
			return true
		}
	}
	if n.n < len(n.few) {
		n.few[n.n] = name
		n.n++
		return false
	}
	if n.many[string(name)] {
		return true
	}
	if n.many == nil {
		n.many = map[string]bool{}
	}
	n.many[string(name)] = true
	return false
}
