package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// anyObject is a JSON object of which nothing is known here.
var anyObject = &node{json: true, open: true, quiet: true}

// readJSON reads an object by its table, while it comes.
func (r *reader) readJSON(root *node) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	token, err := d.Token()
	if err != nil {
		return r.brokenJSON(err)
	}
	if token != json.Delim('{') {
		return damaged("JSON", errors.New("it is no object"))
	}
	if err := r.object(d, root, "", 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			return malformed("%s goes on after its document", r.subject)
		}
		return r.brokenJSON(err)
	}
	return nil
}

func (r *reader) brokenJSON(err error) error { return unreadable("JSON", err) }

// object reads the members of an object, and its end.
func (r *reader) object(d *json.Decoder, n *node, path string, depth int) error {
	if depth > maxDepth {
		return malformed("%s has objects more than %d deep", r.subject, maxDepth)
	}
	seen := map[string]bool{}
	in := newContents(n)
	for {
		token, err := d.Token()
		if err != nil {
			return r.brokenJSON(err)
		}
		name, ok := token.(string)
		if !ok { // the end of the object
			return r.complete(n, path, in)
		}
		if seen[name] {
			return malformed("%s has %s more than once", r.subject, join(path, quote(name)))
		}
		seen[name] = true
		c, other := n.find(name)
		if n.each != nil {
			c = n.each
		}
		if c == nil {
			if err := r.unknown(n, path, name, other); err != nil {
				return err
			}
			c = anyObject
		}
		there, err := r.value(d, c, join(path, name), depth)
		if err != nil {
			return err
		}
		for i := range n.children {
			if n.children[i] == c && there {
				in.count[i] = 1
				in.keep(n, c, r.last)
			}
		}
	}
}

// value reads the value of a member. A null is as good as a member that is missing.
func (r *reader) value(d *json.Decoder, n *node, path string, depth int) (there bool, err error) {
	token, err := d.Token()
	if err != nil {
		return false, r.brokenJSON(err)
	}
	switch {
	case token == nil && r.shape.kind == policyDocument:
		return false, malformed("%s has a null as %s", r.subject, path)
	case token == nil:
		return false, nil
	}
	if n.quiet {
		return true, r.skip(d, token, path, depth)
	}
	delim, composed := token.(json.Delim)
	switch {
	case n.array && delim == '[':
		return true, r.list(d, n, path, depth)
	case n.array && !n.loose:
		return true, malformed("%s has %s, which is not a list", r.subject, path)
	}
	return true, r.item(d, n, path, depth, token, delim, composed)
}

// item reads one object or value.
func (r *reader) item(d *json.Decoder, n *node, path string, depth int, token json.Token, delim json.Delim, composed bool) error {
	text, _ := token.(string)
	switch {
	case n.orStar && text == "*":
		return nil
	case !n.leaf && delim == '{':
		return r.object(d, n, path, depth+1)
	case !n.leaf:
		return malformed("%s has %s, which is not an object", r.subject, path)
	case composed:
		return malformed("%s has %s, which is not a %s", r.subject, path, n.type_)
	}
	is := ""
	switch t := token.(type) {
	case string:
		is = "string"
	case json.Number:
		text, is = t.String(), "number"
	case bool:
		text, is = fmt.Sprint(t), "boolean"
	}
	if n.type_ == "" && is != "" {
		r.last = text
		return nil
	}
	if is != n.type_ {
		return malformed("%s has %s, which is not a %s", r.subject, path, n.type_)
	}
	return r.checkValue(n, path, text)
}

func (r *reader) list(d *json.Decoder, n *node, path string, depth int) error {
	count := 0
	for d.More() {
		if count++; count > maxItems {
			return malformed("%s has more than %d of %s", r.subject, maxItems, path)
		}
		token, err := d.Token()
		if err != nil {
			return r.brokenJSON(err)
		}
		delim, composed := token.(json.Delim)
		if err := r.item(d, n, path, depth, token, delim, composed); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return r.brokenJSON(err)
	}
	if count == 0 && n.filled {
		return malformed("%s has %s, which is empty", r.subject, path)
	}
	return nil
}

// skip reads a value of which nothing is known, whose first token was read.
func (r *reader) skip(d *json.Decoder, token json.Token, path string, depth int) error {
	level := 0
	for {
		switch token {
		case json.Delim('{'), json.Delim('['):
			level++
		case json.Delim('}'), json.Delim(']'):
			level--
		}
		if depth+level > maxDepth {
			return malformed("%s has values more than %d deep", r.subject, maxDepth)
		}
		if level == 0 {
			return nil
		}
		var err error
		if token, err = d.Token(); err != nil {
			return r.brokenJSON(err)
		}
	}
}
