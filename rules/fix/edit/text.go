package edit

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"crosscheck/rules/iam/jsontree"
)

// splice is a text in place of some bytes.
type splice struct {
	off, end int32
	text     string
}

// Text is the document with its changes, "" where no statement is left.
func (d *Document) Text() string {
	gone := d.Gone()
	switch {
	case len(gone) == len(d.statements) && len(d.added) == 0:
		return ""
	case len(gone) > 0 || len(d.added) > 0:
		return d.listText(gone)
	}
	return spliced(d.tree.Src, 0, len(d.tree.Src), d.splices(gone))
}

// splices are the changes of elements.
func (d *Document) splices(gone map[int]bool) []splice {
	var list []splice
	for n, c := range d.values {
		if !gone[c.at] && c.changes(d.tree.Texts(n)) {
			list = append(list, splice{d.node(n).Off, d.node(n).End, d.valueText(n, c)})
		}
	}
	for _, m := range d.members {
		if !gone[m.at] {
			list = append(list, d.memberSplice(m))
		}
	}
	return list
}

// spliced is a part of a text with splices in it.
func spliced(src string, from, to int, list []splice) string {
	slices.SortFunc(list, func(a, b splice) int { return cmp.Compare(a.off, b.off) })
	var b strings.Builder
	at := from
	for _, s := range list {
		if int(s.off) < from || int(s.end) > to {
			continue
		}
		b.WriteString(src[at:s.off])
		b.WriteString(s.text)
		at = int(s.end)
	}
	b.WriteString(src[at:to])
	return b.String()
}

// listText is the document where statements come or go.
func (d *Document) listText(gone map[int]bool) string {
	src, n, list := d.tree.Src, d.node(d.list), d.splices(gone)
	var items []string
	for i, s := range d.statements {
		if !gone[i] {
			items = append(items, spliced(src, int(d.node(s).Off), int(d.node(s).End), list))
		}
	}
	text := d.remade(items)
	if n.Kind == jsontree.Array && len(d.statements) > 0 {
		text = d.relisted(gone, items)
	}
	return spliced(src, 0, int(n.Off), list) + text + spliced(src, int(n.End), len(src), list)
}

// remade is the list where the document has a single statement or an empty list.
func (d *Document) remade(items []string) string {
	indent := indentAt(d.tree.Src, int(d.node(d.list).KeyOff))
	inner := indent + d.style.indent
	open, sep := d.style.next(inner), ","+d.style.next(inner)
	if len(items) > 0 { // the author's text begins on the line of the name
		open = ""
	}
	for _, s := range d.added {
		items = append(items, s.text(d.style, inner))
	}
	return "[" + open + strings.Join(items, sep) + d.style.next(indent) + "]"
}

// relisted is the list of statements, each written and set apart as its author did.
func (d *Document) relisted(gone map[int]bool, items []string) string {
	src, n := d.tree.Src, d.node(d.list)
	first, last := d.node(d.statements[0]), d.node(d.statements[len(d.statements)-1])
	lead, tail := src[n.Off+1:first.Off], src[last.End:n.End-1]
	own, indent, sep := d.style, indentAt(src, int(last.Off)), ","+d.style.space
	switch {
	case strings.Contains(lead, "\n"):
		sep = "," + own.next(indent)
	case !strings.Contains(src[first.Off:last.End], "\n"):
		own.lines = false
	}
	var b strings.Builder
	written := 0
	for i, s := range d.statements {
		if gone[i] {
			continue
		}
		if written > 0 {
			b.WriteString(src[d.node(d.statements[i-1]).End:d.node(s).Off])
		}
		b.WriteString(items[written])
		written++
	}
	for _, s := range d.added {
		if written > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s.text(own, indent))
		written++
	}
	return "[" + lead + b.String() + tail + "]"
}

// changes reports whether an element with these values gets others.
func (c *changes) changes(has []string) bool {
	return len(c.added) > 0 || slices.ContainsFunc(has, func(v string) bool {
		now, ok := c.replaced[v]
		return c.removed[v] || ok && now != v
	})
}

// result are the values of an element after its changes, without those that would be twice.
func (c *changes) result(has []string) []string {
	var out []string
	add := func(v string) {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	for _, v := range has {
		if c.removed[v] {
			continue
		}
		if now, ok := c.replaced[v]; ok {
			v = now
		}
		add(v)
	}
	for _, v := range c.added {
		add(v)
	}
	return out
}

// valueText is an element with its changes: a string, or an array whose other values keep
// their text.
func (d *Document) valueText(n int32, c *changes) string {
	src, node := d.tree.Src, d.node(n)
	now := c.result(d.tree.Texts(n))
	if node.Kind != jsontree.Array {
		indent := indentAt(src, int(node.KeyOff))
		if len(now) == 1 {
			if c.element == "Principal" { // "*" becomes an object
				return d.style.object(indent, "AWS", quote(now[0]))
			}
			return quote(now[0])
		}
		return d.style.array(indent, now)
	}
	nodes := d.children(n)
	if len(nodes) == 0 {
		return d.style.array(indentAt(src, int(node.KeyOff)), now)
	}
	lead := src[node.Off+1 : d.node(nodes[0]).Off]
	tail := src[d.node(nodes[len(nodes)-1]).End : node.End-1]
	var b strings.Builder
	written := 0
	sep := "," + lead // for what is new: as the first is written
	if !strings.Contains(lead, "\n") {
		sep = "," + d.style.space
		if len(nodes) > 1 {
			sep = src[d.node(nodes[0]).End:d.node(nodes[1]).Off]
		}
	}
	done := map[string]bool{}
	for k, child := range nodes {
		v := d.node(child).Text
		text := src[d.node(child).Off:d.node(child).End]
		if with, ok := c.replaced[v]; ok && with != v {
			v, text = with, quote(with)
		}
		if c.removed[d.node(child).Text] || done[v] || !slices.Contains(now, v) {
			continue
		}
		done[v] = true
		if written > 0 {
			b.WriteString(src[d.node(nodes[k-1]).End:d.node(child).Off])
		}
		b.WriteString(text)
		written++
	}
	for _, v := range now {
		if done[v] {
			continue
		}
		if written > 0 {
			b.WriteString(sep)
		}
		b.WriteString(quote(v))
		written++
	}
	return "[" + lead + b.String() + tail + "]"
}

// memberSplice adds a member at the end of an object.
func (d *Document) memberSplice(m member) splice {
	src, object := d.tree.Src, d.node(m.object)
	indent := indentAt(src, int(object.KeyOff)) + d.style.indent
	value := quote(m.values[0])
	if len(m.values) > 1 {
		value = d.style.array(indent, m.values)
	}
	text := quote(m.name) + ":" + d.style.space + value
	nodes := d.children(m.object)
	if len(nodes) == 0 {
		return splice{object.Off, object.End, "{" + text + "}"}
	}
	last := d.node(nodes[len(nodes)-1])
	sep := "," + d.style.space
	if before := src[object.Off:d.node(nodes[0]).KeyOff]; strings.Contains(before, "\n") {
		sep = ",\n" + indentAt(src, int(last.KeyOff))
	}
	return splice{last.End, last.End, sep + text}
}

// indentAt is the white space that the line of a byte begins with.
func indentAt(src string, off int) string {
	line := src[strings.LastIndexByte(src[:off], '\n')+1 : off]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// quote is a JSON string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
