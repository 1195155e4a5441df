package edit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/jsontree"
)

// Patch is the changes as a JSON patch of the document that was read. It begins with tests
// that what it changes is what was read.
func (d *Document) Patch() []finding.PatchOperation {
	out := d.operations()
	slices.SortStableFunc(out, func(a, b finding.PatchOperation) int {
		return cmp.Compare(rank(a), rank(b))
	})
	return out
}

func rank(o finding.PatchOperation) int {
	if o.Op == "test" {
		return 0
	}
	return 1
}

// operations are those of the patch, each after its test.
func (d *Document) operations() []finding.PatchOperation {
	out, gone := []finding.PatchOperation{}, d.Gone()
	for _, n := range slices.SortedFunc(maps.Keys(d.values), cmp.Compare[int32]) {
		if c := d.values[n]; !gone[c.at] {
			out = append(out, d.patchOf(n, c)...)
		}
	}
	for _, m := range d.members {
		if !gone[m.at] {
			out = append(out,
				finding.PatchOperation{Op: "test", Path: m.path, Value: d.value(m.object)},
				finding.PatchOperation{Op: "add", Path: m.path + "/" + m.name, Value: oneOrAll(m.values)})
		}
	}
	if d.node(d.list).Kind != jsontree.Array {
		return d.patchSingle(out, gone)
	}
	for _, i := range slices.Backward(slices.Sorted(maps.Keys(gone))) {
		path := fmt.Sprintf("/Statement/%d", i)
		out = append(out, finding.PatchOperation{Op: "test", Path: path, Value: d.value(d.statements[i])}, finding.PatchOperation{Op: "remove", Path: path})
	}
	for _, s := range d.added {
		out = append(out, finding.PatchOperation{Op: "add", Path: "/Statement/-", Value: s.value()})
	}
	return out
}

// patchSingle makes a list of a single statement where it goes or others come.
func (d *Document) patchSingle(out []finding.PatchOperation, gone map[int]bool) []finding.PatchOperation {
	if len(d.added) == 0 {
		return out
	}
	list := []any{}
	if len(gone) == 0 {
		var now struct{ Statement any }
		if err := json.Unmarshal([]byte(spliced(d.tree.Src, 0, len(d.tree.Src), d.splices(gone))), &now); err != nil {
			panic(err) // it was read, and the changes are JSON
		}
		list = append(list, now.Statement)
	}
	for _, s := range d.added {
		list = append(list, s.value())
	}
	return []finding.PatchOperation{{Op: "test", Path: "/Statement", Value: d.value(d.list)}, {Op: "replace", Path: "/Statement", Value: list}}
}

// patchOf is the changes of one element.
func (d *Document) patchOf(n int32, c *changes) []finding.PatchOperation {
	has := d.tree.Texts(n)
	if !c.changes(has) {
		return nil
	}
	path, now := d.pointer(c.at, c.element), c.result(has)
	guard := finding.PatchOperation{Op: "test", Path: path, Value: d.value(n)}
	if d.node(n).Kind == jsontree.Array && len(now) == len(has)+len(c.added) && len(c.replaced) == 0 { // values are only added
		out := []finding.PatchOperation{guard}
		for _, v := range c.added {
			out = append(out, finding.PatchOperation{Op: "add", Path: path + "/-", Value: v})
		}
		return out
	}
	var value any = now
	switch {
	case c.element == "Principal":
		value = map[string]any{"AWS": now[0]}
	case d.node(n).Kind != jsontree.Array:
		value = oneOrAll(now)
	}
	return []finding.PatchOperation{guard, {Op: "replace", Path: path, Value: value}}
}

// value is a node as encoding/json has it.
func (d *Document) value(n int32) any {
	var v any
	if err := json.Unmarshal([]byte(d.tree.Src[d.node(n).Off:d.node(n).End]), &v); err != nil {
		panic(err) // it was read
	}
	return v
}

func oneOrAll(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}

// value is the statement as encoding/json has it.
func (s Statement) value() any {
	var v any
	if err := json.Unmarshal([]byte(s.text(style{}, "")), &v); err != nil {
		panic(err) // what is made here is JSON
	}
	return v
}
