package answer

import (
	"net/url"
	"reflect"
	"regexp"
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
	loose       bool   // of JSON: one item may be there in the place of the list
	filled      bool   // of JSON: the list has at least one item
	orStar      bool   // of JSON: "*" may be there in the place of the object
	each        *node  // of JSON: its members have any names, and are like this
	open        bool   // children that are not known decide nothing: they are noted
	single      bool   // at most one of its children is there
	quiet       bool   // nothing in it is known, and nothing is noted
	type_       string // of JSON: string, number or boolean
	values      []string
	meant       func(string) string // what a value means that is none of the values and is taken all the same
	check       func(string) bool
	what        string // what check asks for
	input       string // the member of the input that must come back
	compare     func(answer, input string) bool
	children    []*node
	relations   []relation // between its children
}

// relation says what is wrong with the children of a node together: "has a Filter and a
// Prefix", "" = nothing. text is the value of a child of this name, the last one's where
// it is a list, and whether there is one.
type relation func(text func(name string) (value string, there bool)) string

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
	array  part = func(n *node) { n.array = true }
	loose  part = func(n *node) { n.loose = true }
	filled part = func(n *node) { n.filled = true }
	orStar part = func(n *node) { n.orStar = true }
	scalar part = func(n *node) { n.type_ = "" } // of any type
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
	keyName   = checked("the ARN, id or alias of a key", func(s string) bool { return keyNames.MatchString(s) })
	date      = checked("a time", func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil })
)

// keyNames are ARNs, ids and aliases of KMS keys.
var keyNames = regexp.MustCompile(`^(arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]+|alias/[\w/-]+|mrk-[0-9a-f]+|[0-9a-f-]{36})$`)

// each says that members have any names, and that each is like c.
func each(c *node) part { return func(n *node) { n.each, n.leaf = c, false } }

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

// sameRole says that the value is the ARN of a session of the role that the input names.
func sameRole(input string) part {
	return sameBy(input, func(session, role string) bool {
		s, r := strings.Split(session, ":"), strings.Split(role, ":")
		if len(s) != 6 || len(r) != 6 || s[1] != r[1] || s[4] != r[4] {
			return false
		}
		name := r[5][strings.LastIndexByte(r[5], '/')+1:]
		return strings.HasPrefix(s[5], "assumed-role/"+name+"/")
	})
}

func sameBy(input string, compare func(answer, input string) bool) part {
	return func(n *node) { n.input, n.compare = input, compare }
}

func related(r relation) part { return func(n *node) { n.relations = append(n.relations, r) } }

// either says that exactly one of two children is there.
func either(a, b string) part {
	return related(func(text func(string) (string, bool)) string {
		_, hasA := text(a)
		_, hasB := text(b)
		switch {
		case hasA && hasB:
			return "has both " + a + " and " + b
		case !hasA && !hasB:
			return "has neither " + a + " nor " + b
		}
		return ""
	})
}

// anyOf says that at least one of some children is there.
func anyOf(names ...string) part {
	return related(func(text func(string) (string, bool)) string {
		for _, name := range names {
			if _, ok := text(name); ok {
				return ""
			}
		}
		return "has none of " + strings.Join(names, ", ")
	})
}

// needs says that the other children are there where the first one is.
func needs(first string, others ...string) part {
	return related(func(text func(string) (string, bool)) string {
		if _, ok := text(first); !ok {
			return ""
		}
		for _, name := range others {
			if _, ok := text(name); !ok {
				return "has " + first + " and no " + name
			}
		}
		return ""
	})
}

// needsOne says that exactly one of two others is there where the first one is.
func needsOne(first, a, b string) part {
	return related(func(text func(string) (string, bool)) string {
		_, is := text(first)
		_, hasA := text(a)
		_, hasB := text(b)
		if !is || hasA != hasB {
			return ""
		}
		if hasA {
			return "has both " + a + " and " + b
		}
		return "has " + first + ", and neither " + a + " nor " + b
	})
}

// without says that the other children are not there where the first one is.
func without(first string, others ...string) part {
	return related(func(text func(string) (string, bool)) string {
		if _, ok := text(first); !ok {
			return ""
		}
		for _, name := range others {
			if _, ok := text(name); ok {
				return "has " + first + ", which does not go with " + name
			}
		}
		return ""
	})
}

// inARN says that an id is part of an ARN beside it.
func inARN(name, arn string) part {
	return related(func(text func(string) (string, bool)) string {
		id, ok := text(name)
		within, also := text(arn)
		if !ok || !also || within == "" || slices.Contains(strings.FieldsFunc(within, func(c rune) bool { return c == ':' || c == '/' }), id) {
			return ""
		}
		return "has " + quote(id) + " as " + name + ", and " + quote(within) + " as " + arn
	})
}

// endsARN says that a name or id is the end of an ARN beside it.
func endsARN(name, arn string) part {
	return related(func(text func(string) (string, bool)) string {
		id, ok := text(name)
		within, also := text(arn)
		if !ok || !also || within == "" || strings.HasSuffix(within, ":"+id) || strings.HasSuffix(within, "/"+id) {
			return ""
		}
		return "has " + quote(id) + " as " + name + ", and " + quote(within) + " as " + arn
	})
}

// cut says that a token for the rest of a list is there exactly where the list says that
// it is cut.
func cut(truncated, token string) part {
	return related(func(text func(string) (string, bool)) string {
		is, _ := text(truncated)
		next, _ := text(token)
		switch {
		case is == "true" && next == "":
			return "is cut, and has no " + token + " for the rest"
		case is != "true" && next != "":
			return "has a " + token + ", and is not said to be cut"
		}
		return ""
	})
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
	r.last = value
	if value == "" && (n.values != nil || n.check != nil) {
		if slices.Contains(r.profile.blank, path) {
			return nil
		}
		return malformed("%s has an empty %s", r.subject, path)
	}
	known := slices.Contains(n.values, value) || n.meant != nil && slices.Contains(n.values, n.meant(value))
	if n.values != nil && !known {
		return notUnderstood("%s has %s as %s, which is none of the values that this version knows", r.subject, quote(value), path)
	}
	if n.check != nil && !n.check(value) {
		return malformed("%s has %s as %s, which is not %s", r.subject, quote(value), path, n.what)
	}
	if n.input != "" && r.x.Input != nil && !r.profile.lacks(path) {
		if asked := inputText(r.x.Input, n.input); !n.compare(value, asked) {
			return malformed("%s is about another thing: %s is %s, and %s was asked for", r.subject, path, quote(value), quote(asked))
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

// contents are the children of one node that were read: how many of each, and the text
// of the last one, where something depends on it.
type contents struct {
	count []int
	text  []string
}

func newContents(n *node) contents {
	c := contents{}
	if len(n.children) > 0 {
		c.count = make([]int, len(n.children))
	}
	if len(n.relations) > 0 {
		c.text = make([]string, len(n.children))
	}
	return c
}

// keep remembers the text of the child that was read last.
func (c *contents) keep(n, child *node, text string) {
	if i := slices.Index(n.children, child); i >= 0 && c.text != nil && child.leaf {
		c.text[i] = text
	}
}

// complete refuses a node that lacks a child, or has children that do not go together.
func (r *reader) complete(n *node, path string, in contents) error {
	there := 0
	for i, c := range n.children {
		if in.count[i] > 0 {
			there++
		}
		if in.count[i] < c.least && !r.profile.lacks(join(path, c.name)) {
			return malformed("%s has no %s", r.subject, join(path, c.name))
		}
	}
	if n.single && there > 1 {
		return malformed("%s has more than one element in %s, where only one may be", r.subject, path)
	}
	for _, wrong := range n.relations {
		problem := wrong(func(name string) (string, bool) {
			i := slices.IndexFunc(n.children, func(c *node) bool { return c.name == name })
			return in.text[i], in.count[i] > 0
		})
		if problem != "" && !slices.Contains(r.profile.unrelated, path) {
			return malformed("%s is at odds with itself: %s %s", r.subject, orDocument(path), problem)
		}
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
		return malformed("%s has %s more than once", r.subject, path)
	}
	return malformed("%s has more than %d of %s", r.subject, c.most, path)
}

// unknown says what becomes of a child that is not in the table.
func (r *reader) unknown(n *node, path, name, other string) error {
	switch {
	case other != "":
		return malformed("%s writes %s as %s", r.subject, join(path, other), quote(name))
	case n.quiet:
		return nil
	case r.profile.adds(join(path, name)):
		return nil
	case !n.open:
		return notUnderstood("%s has %s in %s, which this version does not know", r.subject, quote(name), orDocument(path))
	}
	if note := join(path, clip(name)); !slices.Contains(r.notes, note) && len(r.notes) < maxNotes {
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
