// Package edit changes policy documents as text. What no change needs stays as its author
// wrote it, byte for byte.
package edit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam/jsontree"
)

// Top is the index of the document itself, where others are those of its statements.
const Top = -1

// Document is a policy document and the changes to it. Statements are named by their
// index in the document as it was read, whatever else changes.
type Document struct {
	tree *jsontree.Tree
	root int32

	list       int32 // the node of Statement
	statements []int32

	values  map[int32]*changes // of a string or an array of strings, by its node
	members []member
	added   []Statement
	style   style
}

// changes are those of one element.
type changes struct {
	at       int    // index of the statement, or Top
	element  string // path in it
	added    []string
	replaced map[string]string
	removed  map[string]bool
}

// member is a new member of an object.
type member struct {
	at     int
	object int32
	name   string
	values []string
	path   string // of the object, as a JSON pointer
}

// Read reads a document. One that is no JSON, has names twice, or has no list of
// statements is an error: there is nothing certain to change in it.
func Read(text string) (*Document, error) {
	tree, fault := jsontree.Parse(text)
	if fault != nil {
		line := 1 + strings.Count(text[:min(fault.Off, len(text))], "\n")
		return nil, fmt.Errorf("line %d: %s", line, fault.Msg)
	}
	d := &Document{tree: tree, values: map[int32]*changes{}, style: styleOf(text)}
	if tree.Nodes[0].Kind != jsontree.Object {
		return nil, fmt.Errorf("the document is %s and no object", tree.Nodes[0].Kind)
	}
	for i := range tree.Nodes {
		if name := d.twice(int32(i)); name != "" {
			return nil, fmt.Errorf("it has %s twice in one object", strconv.Quote(name))
		}
	}
	d.list = d.find(d.root, "Statement")
	if d.list == 0 {
		return nil, fmt.Errorf("it has no Statement")
	}
	switch d.node(d.list).Kind {
	case jsontree.Object:
		d.statements = []int32{d.list}
	case jsontree.Array:
		d.statements = d.children(d.list)
	}
	for _, s := range d.statements {
		if d.node(s).Kind != jsontree.Object {
			return nil, fmt.Errorf("a statement is %s and no object", d.node(s).Kind)
		}
	}
	if d.node(d.list).Kind != jsontree.Array && d.statements == nil {
		return nil, fmt.Errorf("its Statement is %s", d.node(d.list).Kind)
	}
	return d, nil
}

// Len is the number of statements that were read.
func (d *Document) Len() int { return len(d.statements) }

// Sid is that of a statement, "" if it has none.
func (d *Document) Sid(i int) string {
	if n := d.find(d.statements[i], "Sid"); n != 0 {
		return d.node(n).Text
	}
	return ""
}

// AddStatement adds a statement at the end.
func (d *Document) AddStatement(s Statement) { d.added = append(d.added, s) }

// AddValues adds values to an element of a statement, such as "Action" or
// "Principal/AWS"; those that it has already are left out. Only Principal gets a member
// that it does not have.
func (d *Document) AddValues(i int, element string, values ...string) error {
	n, err := d.element(i, element)
	if err != nil {
		parent, name := "", element
		if k := strings.LastIndexByte(element, '/'); k >= 0 {
			parent, name = element[:k], element[k+1:]
		}
		object, missing := d.element(i, parent)
		if missing != nil || parent != "Principal" || d.node(object).Kind != jsontree.Object {
			return err
		}
		d.addMember(i, object, name, values)
		return nil
	}
	if i == Top || element == "Principal" || d.node(n).Kind == jsontree.Object {
		return fmt.Errorf("no values are added to %s of %s", element, d.called(i))
	}
	has := d.tree.Texts(n)
	c := d.change(n, i, element)
	for _, v := range values {
		if !slices.Contains(has, v) && !slices.Contains(c.added, v) {
			c.added = append(c.added, v)
		}
	}
	return nil
}

func (d *Document) addMember(i int, object int32, name string, values []string) {
	for k := range d.members {
		if m := &d.members[k]; m.object == object && m.name == name {
			for _, v := range values {
				if !slices.Contains(m.values, v) {
					m.values = append(m.values, v)
				}
			}
			return
		}
	}
	d.members = append(d.members, member{i, object, name, slices.Clone(values), d.pointer(i, "Principal")})
}

// Replace writes another value where old is, in a statement or, with Top, in the document.
func (d *Document) Replace(i int, element, old, now string) error {
	n, err := d.element(i, element)
	if err != nil {
		return err
	}
	if !slices.Contains(d.tree.Texts(n), old) {
		return fmt.Errorf("%s of %s has no value %q", element, d.called(i), old)
	}
	d.change(n, i, element).replaced[old] = now
	return nil
}

// Remove takes values away from Action, Resource or Principal of a statement. A statement
// that has none left is taken away whole.
func (d *Document) Remove(i int, element string, values ...string) error {
	n, err := d.element(i, element)
	if err != nil {
		return err
	}
	if parent, _, _ := strings.Cut(element, "/"); i == Top || d.node(n).Kind == jsontree.Object || parent != "Action" && parent != "Resource" && parent != "Principal" {
		return fmt.Errorf("no values are taken away from %s of %s, which could widen what it allows", element, d.called(i))
	}
	c := d.change(n, i, element)
	for _, v := range values {
		if !slices.Contains(d.tree.Texts(n), v) {
			return fmt.Errorf("%s of %s has no value %q", element, d.called(i), v)
		}
		c.removed[v] = true
	}
	return nil
}

// Gone are the statements that are taken away, as one of their elements has no value left.
func (d *Document) Gone() map[int]bool {
	out := map[int]bool{}
	for n, c := range d.values {
		if len(c.removed) > 0 && len(c.result(d.tree.Texts(n))) == 0 {
			out[c.at] = true
		}
	}
	return out
}

// called names a statement in an error.
func (d *Document) called(i int) string {
	if i == Top {
		return "the document"
	}
	if sid := d.Sid(i); sid != "" {
		return "statement " + sid
	}
	return fmt.Sprintf("statement %d", i)
}

func (d *Document) change(n int32, i int, element string) *changes {
	c := d.values[n]
	if c == nil {
		c = &changes{at: i, element: element, replaced: map[string]string{}, removed: map[string]bool{}}
		d.values[n] = c
	}
	return c
}

func (d *Document) node(n int32) *jsontree.Node { return &d.tree.Nodes[n] }

func (d *Document) children(n int32) []int32 {
	var out []int32
	for c := d.node(n).Child; c != 0; c = d.node(c).Sibling {
		out = append(out, c)
	}
	return out
}

// find is the member of an object, 0 if it has none of the name.
func (d *Document) find(object int32, name string) int32 {
	for _, c := range d.children(object) {
		if d.node(c).Key == name {
			return c
		}
	}
	return 0
}

func (d *Document) twice(n int32) string {
	if d.node(n).Kind != jsontree.Object {
		return ""
	}
	seen := map[string]bool{}
	for _, c := range d.children(n) {
		if seen[d.node(c).Key] {
			return d.node(c).Key
		}
		seen[d.node(c).Key] = true
	}
	return ""
}

// element is the node of a path in a statement, or in the document.
func (d *Document) element(i int, path string) (int32, error) {
	at := d.root
	if i != Top {
		if i < 0 || i >= len(d.statements) {
			return 0, fmt.Errorf("there is no statement %d", i)
		}
		at = d.statements[i]
	}
	for _, name := range names(path) {
		if d.node(at).Kind != jsontree.Object {
			return 0, fmt.Errorf("%s has no %s", d.called(i), path)
		}
		if at = d.find(at, name); at == 0 {
			return 0, fmt.Errorf("%s has no %s", d.called(i), path)
		}
	}
	return at, nil
}

// names are those of a path. The key of a condition, the last of three, may have a slash
// in it ("aws:RequestTag/x").
func names(path string) []string {
	switch {
	case path == "":
		return nil
	case strings.HasPrefix(path, "Condition/"):
		return strings.SplitN(path, "/", 3)
	}
	return strings.SplitN(path, "/", 2)
}

// pointer is the JSON pointer of an element.
func (d *Document) pointer(i int, element string) string {
	var b strings.Builder
	if i != Top {
		b.WriteString("/Statement")
		if d.node(d.list).Kind == jsontree.Array {
			fmt.Fprintf(&b, "/%d", i)
		}
	}
	for _, name := range names(element) {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}
