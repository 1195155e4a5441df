package opa

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// item is as large as the facts of a bucket.
type item struct {
	Name    string            `json:"name"`
	Absent  bool              `json:"absent,omitempty"`
	Tags    map[string]string `json:"tags"`
	Actions []string          `json:"actions"`
}

func items() map[string]any {
	list := map[string]any{}
	for i := range 20 {
		list[fmt.Sprint("item", i)] = item{Name: fmt.Sprint(i), Tags: map[string]string{"a": "b", "c": "d"}, Actions: []string{"x", "y"}}
	}
	return map[string]any{"items": list}
}

// BenchmarkValue compares the encoder with what it does without: JSON text and OPA's reader.
func BenchmarkValue(b *testing.B) {
	doc := items()
	b.Run("encoder", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Value(doc)
		}
	})
	b.Run("JSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			text, err := json.Marshal(doc)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := ast.ValueFromReader(bytes.NewReader(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("OPA", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ast.InterfaceToValue(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCache compares the table of what was derived with OPA's own, on rules as
// an audit has them: many small ones.
func BenchmarkCache(b *testing.B) {
	var text strings.Builder
	text.WriteString("package m\n\nbig contains name if some name, x in input.items; count(x.actions) > 1\n")
	var refs []string
	for i := range 40 {
		fmt.Fprintf(&text, "\nnamed%d contains x.name if some x in input.items\n\nanswers%d contains {\"status\": \"pass\"} if { count(named%d) > 0; count(big) > 0 }\n", i, i, i)
		refs = append(refs, fmt.Sprintf("data.m.answers%d", i))
	}
	m, err := ast.ParseModuleWithOpts("m.rego", strings.Replace(text.String(), "if some name, x in input.items; count(x.actions) > 1", "if { some name, x in input.items; count(x.actions) > 1 }", 1), ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		b.Fatal(err)
	}
	c := ast.NewCompiler()
	if c.Compile(map[string]*ast.Module{"m.rego": m}); c.Failed() {
		b.Fatal(c.Errors)
	}
	e := New(c, nil, nil, false)
	q, err := e.Prepare("x = [" + strings.Join(refs, ", ") + "]")
	if err != nil {
		b.Fatal(err)
	}
	input := Value(items())
	for name, cache := range map[string]func() (topdown.VirtualCache, func()){
		"table": func() (topdown.VirtualCache, func()) { c := newRefCache(); return c, c.release },
		"OPA":   func() (topdown.VirtualCache, func()) { return topdown.NewVirtualCache(), func() {} },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, release := cache()
				if x, err := e.evalWith(context.Background(), q, input, c); err != nil || x == nil {
					b.Fatal(x, err)
				}
				release()
			}
		})
	}
}
