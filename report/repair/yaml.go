package repair

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"crosscheck/report/text"
)

// scalar is a text. What a terminal or a CI system would act on is quoted, so that yamlText
// can escape it.
func scalar(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.Contains(s, "\n") || strings.Contains(s, "##") || text.Lines(s) != s {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func sequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

// mapping is a mapping of names, each followed by its node.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, scalar(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

// yamlText is a document of nodes of ours.
func yamlText(n *yaml.Node) string {
	var b strings.Builder
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(n), e.Close()); err != nil {
		panic(err) // nodes that are made here can be written
	}
	var out strings.Builder
	for _, r := range azure.ReplaceAllString(b.String(), `#\u0023$1`) {
		switch {
		case !text.Unseen(r):
			out.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&out, `\U%08x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// errIntrinsic is of a document that means something else in a template.
var errIntrinsic = errors.New("CloudFormation would take a part of it for a function or a dynamic reference")

// fromJSON is a JSON document with its members in their order. One with what CloudFormation
// would compute or fetch is an error.
func fromJSON(document string) (*yaml.Node, error) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	return fromToken(d)
}

func fromToken(d *json.Decoder) (*yaml.Node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := t.(type) {
	case json.Delim:
		n := sequence()
		if v == '{' {
			n.Kind = yaml.MappingNode
		}
		for d.More() {
			child, err := fromToken(d)
			if err != nil {
				return nil, err
			}
			if key := child.Value; n.Kind == yaml.MappingNode && len(n.Content)%2 == 0 && (key == "Ref" || strings.HasPrefix(key, "Fn::")) {
				return nil, errIntrinsic
			}
			n.Content = append(n.Content, child)
		}
		_, err := d.Token() // the end of it
		return n, err
	case string:
		if strings.Contains(v, "{{resolve:") {
			return nil, errIntrinsic
		}
		return scalar(v), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: strings.Replace(fmt.Sprint(t), "<nil>", "null", 1)}, nil
}
