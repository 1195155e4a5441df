// Package yamldoc reads YAML files strictly, node by node, with errors that name the
// line: for configuration and waivers alike.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Error is what is wrong with a document.
type Error struct {
	Line int    // 0 = the value does not come from a file
	Text string // without file and line
	Hint string // what to write instead, "" = nothing to say
}

func (e *Error) Error() string { return e.Text }

// In is the error in a file: "name:line: text".
func (e *Error) In(name string) error {
	if e.Line > 0 {
		name = fmt.Sprintf("%s:%d", name, e.Line)
	}
	return fmt.Errorf("%s: %s", name, e.Text)
}

// Wrong is an [Error] at a node.
func Wrong(n *yaml.Node, hint, format string, args ...any) error {
	return &Error{n.Line, fmt.Sprintf(format, args...), hint}
}

var position = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?(?s:(.*))$`)

// Root is the value of a file of one document; nil if it is empty, or if all of it is
// a comment. It fails with an [Error].
func Root(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		m := position.FindStringSubmatch(err.Error())
		line, _ := strconv.Atoi(m[1]) // 0 where the library names none
		return nil, &Error{Line: line, Text: m[2]}
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, &Error{Text: "more than one YAML document"}
	}
	if len(doc.Content) != 1 || IsNull(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

// EachKey visits the keys of a mapping, each of which is a word and given once. It does
// not follow aliases: see [Resolve].
func EachKey(n *yaml.Node, visit func(name string, k, v *yaml.Node) error) error {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return Wrong(k, "", "a key is %s, not a word", Kind(k))
		}
		if line, again := seen[k.Value]; again {
			return Wrong(k, "keep one of them", "the key %q is also in line %d", k.Value, line)
		}
		seen[k.Value] = k.Line
		if err := visit(k.Value, k, v); err != nil {
			return err
		}
	}
	return nil
}

// Resolve is the node that an alias refers to, or the node itself.
func Resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// IsNull reports whether a value is missing: "key:" or null.
func IsNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// Kind is the kind of a node in a message, such as "a list".
func Kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}
