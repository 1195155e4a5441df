package answer

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/scanner/fact"
)

// node is an element of an XML document, a member of a JSON object, or a header.
type node struct {
	name        string
	least, most int    // how many of them
	leaf        bool   // it has a value and no children
	json        bool   // the root of a JSON document
	array       bool   // of JSON: its value is a list, of objects with these children or of values
	open        bool   // children that are not known decide nothing: they are noted
	single      bool   // at most one of its children is there
	quiet       bool   // nothing in it is known, and nothing is noted
	type_       string // of JSON: string, number or boolean
	values      []string
	check       func(string) bool
	what        string // what check asks for
	input       string // the member of the input that must come back
	compare     func(answer, input string) bool
	children    []*node
}

// part is a property or a child of a node.
type part func(*node)

func newNode(name string, least, most int, parts []part) *node {
	n := &node{name: name, least: least, most: most, leaf: true, type_: "string"}
	for _, p := range parts {
		p(n)
	}
	return n
}

func child(name string, least, most int, parts []part) part {
	c := newNode(name, least, most, parts)
	return func(n *node) { n.leaf = false; n.children = append(n.children, c) }
}

// one is a child that is there once.
func one(name string, parts ...part) part { return child(name, 1, 1, parts) }

// maybe is a child that may be missing.
func maybe(name string, parts ...part) part { return child(name, 0, 1, parts) }

// many is a child that may be there any number of times, up to maxItems.
func many(name string, parts ...part) part { return child(name, 0, maxItems, parts) }

// some is a child that is there at least once.
func some(name string, parts ...part) part { return child(name, 1, maxItems, parts) }

// upTo is a child that may be there at most so many times.
func upTo(most int, name string, parts ...part) part { return child(name, 0, most, parts) }

// group is some parts together.
func group(parts ...part) part {
	return func(n *node) {
		for _, p := range parts {
			p(n)
		}
	}
}

// Properties of a node.
var (
	array part = func(n *node) { n.array = true }
	// open marks a node to which AWS may add what decides nothing here.
	open part = func(n *node) { n.open, n.leaf = true, false }
	// element marks a node that may have no child at all, and no value.
	element part = func(n *node) { n.leaf = false }
	// single marks a node of whose children at most one is there.
	single  part = func(n *node) { n.single, n.leaf = true, false }
	number  part = func(n *node) { n.type_ = "number" }
	integer part = group(number, checked("a number", func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil }))
	boolean part = group(func(n *node) { n.type_ = "boolean" }, values("true", "false"))

	nonEmpty  = checked("a text", func(s string) bool { return s != "" })
	accountID = checked("the id of an account", fact.IsAccountID)
	anARN     = checked("an ARN", func(s string) bool { return strings.HasPrefix(s, "arn:") })
	date      = checked("a time", func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil })
)

// values are those that a leaf may have.
func values(v ...string) part { return func(n *node) { n.values = v } }

func checked(what string, check func(string) bool) part {
	return func(n *node) { n.what, n.check = what, check }
}

// same says that the value is that of a member of the input, "" where the input has none.
func same(input string) part { return sameBy(input, func(a, b string) bool { return a == b }) }

// sameFold is same whatever the case of letters: IAM finds names so.
func sameFold(input string) part { return sameBy(input, strings.EqualFold) }

// samePrefix says that the value is the prefix of keys that was asked for, which S3 encodes
// where the listing is.
var samePrefix = sameBy("Prefix", func(a, b string) bool {
	plain, err := url.QueryUnescape(a)
	return a == b || err == nil && plain == b
})

// sameKey says that the value is the id or ARN of the key that the input names. An
// alias names a key that only AWS knows.
func sameKey(input string) part {
	return sameBy(input, func(a, b string) bool {
		id := func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
		if strings.HasPrefix(b, "alias/") || strings.Contains(b, ":alias/") {
			return true
		}
		return id(a) == id(b) && (!strings.HasPrefix(a, "arn:") || !strings.HasPrefix(b, "arn:") || a == b)
	})
}

func sameBy(input string, compare func(answer, input string) bool) part {
	return func(n *node) { n.input, n.compare = input, compare }
}

// find is the child of a name. other is a child whose name has the same letters in
// another case: the SDK would take one for the other.
func (n *node) find(name string) (c *node, other string) {
	for _, c := range n.children {
		if c.name == name {
			return c, ""
		}
	}
	for _, c := range n.children {
		if strings.EqualFold(c.name, name) {
			return nil, c.name
		}
	}
	return nil, ""
}

// checkValue refuses a value that a leaf or header cannot have.
func (r *reader) checkValue(n *node, path, value string) error {
	if value == "" && (n.values != nil || n.check != nil) {
		if slices.Contains(r.profile.blank, path) {
			return nil
		}
		return malformed("the answer of %s has an empty %s", r.x.API, path)
	}
	if n.values != nil && !slices.Contains(n.values, value) {
		return notUnderstood("the answer of %s has %s as %s, which is none of the values that this version knows", r.x.API, quote(value), path)
	}
	if n.check != nil && !n.check(value) {
		return malformed("the answer of %s has %s as %s, which is not %s", r.x.API, quote(value), path, n.what)
	}
	if n.input != "" && r.x.Input != nil && !r.profile.lacks(path) {
		if asked := inputText(r.x.Input, n.input); !n.compare(value, asked) {
			return malformed("the answer of %s is about another thing: %s is %s, and %s was asked for", r.x.API, path, quote(value), quote(asked))
		}
	}
	return nil
}

// inputText is a member of the SDK's input, "" where it is not set.
func inputText(input any, name string) string {
	v := reflect.ValueOf(input)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return ""
	}
	v = v.Elem().FieldByName(name)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.String {
		return ""
	}
	return v.String()
}

// complete refuses a node that lacks a child, or has more than one of those of which
// only one may be there.
func (r *reader) complete(n *node, path string, count []int) error {
	there := 0
	for i, c := range n.children {
		if count[i] > 0 {
			there++
		}
		if count[i] < c.least && !r.profile.lacks(join(path, c.name)) {
			return malformed("the answer of %s has no %s", r.x.API, join(path, c.name))
		}
	}
	if n.single && there > 1 {
		return malformed("the answer of %s has more than one element in %s, where only one may be", r.x.API, path)
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// more counts one more child.
func (r *reader) more(c *node, path string, count *int) error {
	*count++
	switch {
	case *count <= c.most:
		return nil
	case c.most == 1:
		return malformed("the answer of %s has %s more than once", r.x.API, path)
	}
	return malformed("the answer of %s has more than %d of %s", r.x.API, c.most, path)
}

// unknown says what becomes of a child that is not in the table.
func (r *reader) unknown(n *node, path, name, other string) error {
	switch {
	case other != "":
		return malformed("the answer of %s writes %s as %s", r.x.API, join(path, other), quote(name))
	case r.profile.adds(join(path, name)):
		return nil
	case !n.open:
		return notUnderstood("the answer of %s has %s in %s, which this version does not know", r.x.API, quote(name), orDocument(path))
	}
	if note := join(path, clip(name)); !n.quiet && !slices.Contains(r.notes, note) && len(r.notes) < maxNotes {
		r.notes = append(r.notes, note)
	}
	return nil
}

func orDocument(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
