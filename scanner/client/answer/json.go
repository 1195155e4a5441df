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
			return malformed("the answer of %s goes on after its document", r.x.API)
		}
		return r.brokenJSON(err)
	}
	return nil
}

func (r *reader) brokenJSON(err error) error { return unreadable("JSON", err) }

// object reads the members of an object, and its end.
func (r *reader) object(d *json.Decoder, n *node, path string, depth int) error {
	if depth > maxDepth {
		return malformed("the answer of %s has objects more than %d deep", r.x.API, maxDepth)
	}
	seen := map[string]bool{}
	count := make([]int, len(n.children))
	for {
		token, err := d.Token()
		if err != nil {
			return r.brokenJSON(err)
		}
		name, ok := token.(string)
		if !ok { // the end of the object
			return r.complete(n, path, count)
		}
		if seen[name] {
			return malformed("the answer of %s has %s more than once", r.x.API, join(path, quote(name)))
		}
		seen[name] = true
		c, other := n.find(name)
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
				count[i] = 1
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
	if token == nil {
		return false, nil
	}
	if n.quiet {
		return true, r.skip(d, token, path, depth)
	}
	delim, composed := token.(json.Delim)
	switch {
	case n.array && delim == '[':
		return true, r.list(d, n, path, depth)
	case n.array:
		return true, malformed("the answer of %s has %s, which is not a list", r.x.API, path)
	}
	return true, r.item(d, n, path, depth, token, delim, composed)
}

// item reads one object or value.
func (r *reader) item(d *json.Decoder, n *node, path string, depth int, token json.Token, delim json.Delim, composed bool) error {
	switch {
	case !n.leaf && delim == '{':
		return r.object(d, n, path, depth+1)
	case !n.leaf:
		return malformed("the answer of %s has %s, which is not an object", r.x.API, path)
	case composed:
		return malformed("the answer of %s has %s, which is not a %s", r.x.API, path, n.type_)
	}
	text, is := "", ""
	switch t := token.(type) {
	case string:
		text, is = t, "string"
	case json.Number:
		text, is = t.String(), "number"
	case bool:
		text, is = fmt.Sprint(t), "boolean"
	}
	if is != n.type_ {
		return malformed("the answer of %s has %s, which is not a %s", r.x.API, path, n.type_)
	}
	return r.checkValue(n, path, text)
}

func (r *reader) list(d *json.Decoder, n *node, path string, depth int) error {
	count := 0
	for d.More() {
		if count++; count > maxItems {
			return malformed("the answer of %s has more than %d of %s", r.x.API, maxItems, path)
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
			return malformed("the answer of %s has values more than %d deep", r.x.API, maxDepth)
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
