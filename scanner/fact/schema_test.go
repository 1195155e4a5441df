package fact

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestSchemaIsThatOfTheTypes: schema.json is what the types, their tags and their
// comments say. UPDATE=1 writes it.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	t.Parallel()
	g := newGenerator(t)
	want := []byte(layOut(g.line(), "", 0) + "\n")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(Schema())); diff != "" {
		t.Errorf("schema.json is not that of the types; UPDATE=1 writes it (-types +file):\n%s", diff)
	}
}

// node is a JSON object whose members keep their order.
type node []member

type member struct {
	name  string
	value any // a node, []any, string, bool or number
}

// generator makes JSON schemas of types. A field is required unless JSON may omit it;
// unknown fields are refused. The tags enum (one value: a constant), format and minimum
// narrow a field; comments are descriptions.
type generator struct {
	order  []string          // names of the types, as declared
	types  map[string]string // their descriptions
	fields map[string]string // those of fields: "Bucket.Ownership"
	named  map[string]node   // definitions of types
	facts  node              // definitions of kinds of facts, in the order of their use
}

func newGenerator(t *testing.T) *generator {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fact.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{types: map[string]string{}, fields: map[string]string{}, named: map[string]node{}}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.TYPE {
			continue
		}
		name := decl.Specs[0].(*ast.TypeSpec)
		fields, ok := name.Type.(*ast.StructType)
		if !ok {
			continue
		}
		g.order = append(g.order, name.Name.Name)
		g.types[name.Name.Name] = described(decl.Doc.Text(), name.Name.Name)
		for _, f := range fields.Fields.List {
			g.fields[name.Name.Name+"."+f.Names[0].Name] = strings.TrimSpace(f.Comment.Text())
		}
	}
	return g
}

// described is the comment of a type without the name of the type.
func described(text, name string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.TrimPrefix(text, name+" ")
	text = strings.TrimPrefix(text, "is ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// line is the schema of one line of a facts file.
func (g *generator) line() node {
	var properties node
	message := reflect.TypeFor[Message]()
	for i := range message.NumField() {
		name, _, _ := strings.Cut(message.Field(i).Tag.Get("json"), ",")
		properties = append(properties, member{name, g.of(message.Field(i).Type)})
	}
	var defs node
	for _, name := range g.order {
		if def, ok := g.named[name]; ok {
			defs = append(defs, member{snake(name), def})
		}
	}
	return node{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "crosscheck facts"},
		{"description", "One line of a facts file: the run first, then gaps and documents in no promised order, the coverage last. " +
			"A fact (fact_…) is a value, absent (AWS answered that there is none) or a gap; an empty or missing one was not read."},
		{"type", "object"},
		{"properties", properties},
		{"minProperties", 1},
		{"maxProperties", 1},
		{"additionalProperties", false},
		{"$defs", append(defs, g.facts...)},
	}
}

// of is the schema of a type: a reference where it has a definition.
func (g *generator) of(t reflect.Type) node {
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Slice:
		return node{{"type", "array"}, {"items", g.of(t.Elem())}}
	case reflect.Map:
		return node{{"type", "object"}, {"additionalProperties", g.of(t.Elem())}}
	case reflect.String:
		return node{{"type", "string"}}
	case reflect.Bool:
		return node{{"type", "boolean"}}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return node{{"type", "integer"}}
	}
	if isFact(t) {
		return g.fact(t)
	}
	if _, ok := g.named[t.Name()]; !ok {
		g.named[t.Name()] = nil // a type may hold itself
		g.named[t.Name()] = g.object(t)
	}
	return node{{"$ref", "#/$defs/" + snake(t.Name())}}
}

func (g *generator) fact(t reflect.Type) node {
	value, _ := t.FieldByName("Value")
	ref := "fact_" + kind(value.Type.Elem())
	at := -1
	for i, def := range g.facts {
		if def.name == ref {
			at = i
		}
	}
	if at < 0 {
		at = len(g.facts)
		g.facts = append(g.facts, member{name: ref})
		g.facts[at].value = node{
			{"type", "object"},
			{"properties", node{{"value", g.of(value.Type)}, {"absent", node{{"type", "boolean"}}}, {"gap", g.of(reflect.TypeFor[Gap]())}}},
			{"maxProperties", 1},
			{"additionalProperties", false},
		}
	}
	return node{{"$ref", "#/$defs/" + ref}}
}

// kind is the name of a type of facts.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return kind(t.Elem()) + "_list"
	case reflect.Map:
		return kind(t.Elem()) + "_map"
	}
	return snake(t.Name())
}

func (g *generator) object(t reflect.Type) node {
	var properties node
	var required []any
	for i := range t.NumField() {
		f := t.Field(i)
		name, omit, _ := strings.Cut(f.Tag.Get("json"), ",")
		if omit == "" {
			required = append(required, name)
		}
		property := g.of(f.Type)
		if values, ok := f.Tag.Lookup("enum"); ok {
			property = append(property, enum(values))
		}
		if format := f.Tag.Get("format"); format != "" {
			property = append(property, member{"format", format})
		}
		if minimum := f.Tag.Get("minimum"); minimum != "" {
			property = append(property, member{"minimum", json.Number(minimum)})
		}
		if text := g.fields[t.Name()+"."+f.Name]; text != "" {
			property = append(property, member{"description", text})
		}
		properties = append(properties, member{name, property})
	}
	object := node{{"description", g.types[t.Name()]}, {"type", "object"}, {"properties", properties}}
	if required != nil {
		object = append(object, member{"required", required})
	}
	return append(object, member{"additionalProperties", false})
}

// enum is the constraint of a tag enum.
func enum(values string) member {
	list := strings.Split(values, ",")
	if len(list) == 1 {
		return member{"const", values}
	}
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return member{"enum", all}
}

var word = regexp.MustCompile(`([a-z])([A-Z])`)

// snake is the name of a type as JSON has it: policy_level for PolicyLevel.
func snake(name string) string {
	return strings.ToLower(word.ReplaceAllString(name, "${1}_${2}"))
}

// columns is how wide a line of schema.json may be before a value is broken into several.
const columns = 120

// layOut writes a value that starts at a column of a line: on that line where it fits.
func layOut(v any, indent string, column int) string {
	short := inline(v)
	if column+utf8.RuneCountInString(short)+1 <= columns {
		return short
	}
	var parts []string
	open, end := "{", "}"
	deeper := indent + "  "
	switch v := v.(type) {
	case node:
		for _, m := range v {
			name := inline(m.name) + ": "
			parts = append(parts, deeper+name+layOut(m.value, deeper, len(deeper)+len(name)))
		}
	case []any:
		open, end = "[", "]"
		for _, item := range v {
			parts = append(parts, deeper+layOut(item, deeper, len(deeper)))
		}
	default:
		return short
	}
	return open + "\n" + strings.Join(parts, ",\n") + "\n" + indent + end
}

// inline writes a value on one line.
func inline(v any) string {
	var parts []string
	switch v := v.(type) {
	case node:
		for _, m := range v {
			parts = append(parts, inline(m.name)+": "+inline(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, inline(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // of a type that no schema has
	}
	return strings.TrimSpace(b.String())
}
