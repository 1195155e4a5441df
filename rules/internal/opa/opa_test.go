package opa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/internal/opa"
)

// double is a builtin; it is undefined of "none" and an error of "bad".
var double = opa.Builtin{
	Name: "double", Decl: types.NewFunction(types.Args(types.S), types.S),
	Impl: func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
		switch s := string(args[0].Value.(ast.String)); s {
		case "none":
			return nil, nil
		case "bad":
			return nil, errors.New("it is bad")
		default:
			return ast.StringTerm(s + s), nil
		}
	},
}

func compile(t testing.TB, text string) map[string]*ast.Module {
	t.Helper()
	m, err := ast.ParseModuleWithOpts("m.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: capabilities()})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*ast.Module{"m.rego": m}
}

func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = append(c.Builtins, double.Declaration())
	return c
}

func evaluator(t testing.TB, text string, data map[string]any) *opa.Evaluator {
	t.Helper()
	c := ast.NewCompiler().WithCapabilities(capabilities())
	if c.Compile(compile(t, text)); c.Failed() {
		t.Fatal(c.Errors)
	}
	return opa.New(c, data, []opa.Builtin{double}, false)
}

const module = `package m

names contains double(x.name) if some x in input.list

limit := data.limit

nothing if false

total := sum([deep(i) | some i in numbers.range(1, 3)])

deep(i) := i * count(names)
`

func TestEval(t *testing.T) {
	t.Parallel()
	e := evaluator(t, module, map[string]any{"limit": 3})
	type entry struct {
		Name string `json:"name"`
	}
	input := opa.Value(map[string]any{"list": []entry{{"a"}, {"none"}, {"b"}}})
	for query, want := range map[string]string{
		`x = data.m.names`:             `{"aa", "bb"}`,
		`x = data.m.limit`:             `3`,
		`x = data.m.nothing`:           ``,
		`x = data.m.total`:             `12`,
		`x = [data.m.names, data.m.n]`: ``,
		// Inside of a with, what was derived before does not count.
		`x = [data.m.total, y, data.m.total]; y = data.m.total with input as {"list": []}`: `[12, 0, 12]`,
	} {
		q, err := e.Prepare(query)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the tables are used again
			x, err := e.Eval(context.Background(), q, input)
			got := ""
			if x != nil {
				got = x.String()
			}
			if err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", query, got, err, want)
			}
		}
	}
	if _, err := e.Prepare("x ="); err == nil {
		t.Error("a query that is none was prepared")
	}
	if _, err := e.Prepare("x = nothing.of(1)"); err == nil {
		t.Error("a query of what does not exist was prepared")
	}
}

func TestEvalErrors(t *testing.T) {
	t.Parallel()
	e := evaluator(t, module, nil)
	q, err := e.Prepare("x = data.m.names")
	if err != nil {
		t.Fatal(err)
	}
	bad := opa.Value(map[string]any{"list": []any{map[string]any{"name": "bad"}}})
	if _, err := e.Eval(context.Background(), q, bad); err == nil || !strings.Contains(err.Error(), "double: it is bad") || opa.IsCancel(err) {
		t.Errorf("%v", err)
	}
	loop, err := e.Prepare("x = count([1 | numbers.range(1, 3000)[_] < numbers.range(1, 3000)[_]])")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Eval(ctx, loop, ast.NewObject()); !opa.IsCancel(err) {
		t.Errorf("a query under an ended context: %v", err)
	}
}

// facts are of every form that the encoder knows.
type facts struct {
	Text    string            `json:"text"`
	Missing string            `json:"missing,omitempty"`
	List    []string          `json:"list"`
	None    []string          `json:"none"`
	Less    []string          `json:"less,omitempty"`
	Map     map[string]int    `json:"map"`
	Nested  map[string]nested `json:"nested"`
	Point   *nested           `json:"point"`
	Nil     *nested           `json:"nil"`
	Zero    nested            `json:"zero,omitzero"`
	Kept    nested            `json:"kept,omitempty"`
	On      bool              `json:"on"`
	Off     bool              `json:"off,omitempty"`
	Count   int32             `json:"count"`
	Any     any               `json:"any"`
	Plain   int
	Hidden  string `json:"-"`
	private string
}

type nested struct {
	Absent bool   `json:"absent,omitempty"`
	Name   string `json:"name,omitempty"`
}

func some() *facts {
	return &facts{
		Text: "a\u00ff\"", List: []string{"x", ""}, Map: map[string]int{"one": 1, "two": -2},
		Nested: map[string]nested{"a": {Absent: true}, "b": {Name: "n"}, "c": {}},
		Point:  &nested{Absent: true, Name: "p"}, On: true, Count: 7, Any: []any{1, "two", nil, map[string]any{"x": true}}, Plain: 3, Hidden: "h", private: "p",
	}
}

// TestValueIsJSON: what reaches Rego is what encoding/json and OPA's reader make of it.
func TestValueIsJSON(t *testing.T) {
	t.Parallel()
	for _, v := range []any{some(), &facts{}, nested{Absent: true}, []string{}, map[string]any{}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := opa.Value(v); got.Compare(want) != 0 {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := opa.Fields(some(), map[string]bool{"text": true, "on": true}).(ast.Object); got.Len() != 2 {
		t.Errorf("two fields are %s", got)
	}
	if got := opa.Fields(some(), nil); got.Compare(opa.Value(some())) != 0 {
		t.Errorf("all fields are %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a floating-point number was taken")
		}
	}()
	opa.Value(1.5)
}

func TestInputFields(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`a if input.x.y == input["z"]`:                  "x z",
		`a if input.x[input.y]`:                         "all", // not taken apart
		`a if { some k; input[k] }`:                     "all",
		`a if walk(input, [_, "x"])`:                    "all",
		`a if f(input)` + "\n" + `f(x) if x`:            "all",
		`a if input.x[_][input]`:                        "all",
		`a if 1 == 1`:                                   "",
		`a if count([1 | some y in input.list; y]) > 1`: "list",
	} {
		fields := opa.InputFields(compile(t, "package m\n\n"+body+"\n"))
		got := strings.Join(slices.Sorted(maps.Keys(fields)), " ")
		if fields == nil {
			got = "all"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func Example() {
	compiler := ast.MustCompileModules(map[string]string{"m.rego": "package m\n\ngreeting := concat(\" \", [\"hello\", input.name])"})
	e := opa.New(compiler, nil, nil, false)
	q, err := e.Prepare("x = data.m.greeting")
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := e.Eval(context.Background(), q, opa.Value(map[string]any{"name": "world"}))
	fmt.Println(x, err)
	// Output: "hello world" <nil>
}
