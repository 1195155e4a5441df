package opa

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// field is how one field of a struct appears in Rego.
type field struct {
	index     int
	key       *ast.Term
	alone     *sync.Map // map[*ast.Term]*ast.Term: the objects of this field alone, by its value, which is shared
	omitempty bool
	omitzero  bool
}

// usual are the terms of texts that most documents have.
var usual = func() map[string]*ast.Term {
	m := map[string]*ast.Term{}
	for _, s := range []string{
		"", "Enabled", "Disabled", "Suspended", "AES256", "aws:kms", "aws:kms:dsse", "SSE-C", "NONE", "BucketOwnerEnforced", "BucketOwnerPreferred",
		"ObjectWriter", "BucketOwner", "Requester", "V1", "V2", "CUSTOMER", "AWS",
	} {
		m[s] = ast.StringTerm(s)
	}
	return m
}()

const longestUsual = len("BucketOwnerPreferred")

func stringTerm(s string) *ast.Term {
	if len(s) <= longestUsual {
		if t := usual[s]; t != nil {
			return t
		}
	}
	return ast.StringTerm(s)
}

// shared reports whether a term is the only one of its value: one of the usual texts, or true.
func shared(t *ast.Term) bool {
	if s, ok := t.Value.(ast.String); ok {
		return len(s) <= longestUsual && usual[string(s)] == t
	}
	return t == ast.InternedTerm(true)
}

// with is the object of the field alone. Documents share those of shared terms: most facts
// are absent or have a usual value.
func (f *field) with(value *ast.Term) *ast.Term {
	if !shared(value) {
		return ast.ObjectTerm([2]*ast.Term{f.key, value})
	}
	if t, ok := f.alone.Load(value); ok {
		return t.(*ast.Term)
	}
	t, _ := f.alone.LoadOrStore(value, ast.ObjectTerm([2]*ast.Term{f.key, value}))
	return t.(*ast.Term)
}

// plans holds the fields of every struct type met: map[reflect.Type][]field.
var plans sync.Map

func planOf(t reflect.Type) []field {
	if p, ok := plans.Load(t); ok {
		return p.([]field)
	}
	var plan []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, opts, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		plan = append(plan, field{
			index:     i,
			key:       ast.StringTerm(name),
			alone:     new(sync.Map),
			omitempty: strings.Contains(opts, "omitempty"),
			omitzero:  strings.Contains(opts, "omitzero"),
		})
	}
	plans.Store(t, plan)
	return plan
}

// Value is v as a Rego value: what encoding/json and OPA's reader would make of it,
// without the detour through JSON text. It panics on what the facts do not have:
// floating-point and unsigned numbers, functions and channels.
func Value(v any) ast.Value { return termOf(reflect.ValueOf(v)).Value }

// Fields is the struct that v points to, with these fields only; nil = all.
func Fields(v any, fields map[string]bool) ast.Value {
	return structTerm(reflect.ValueOf(v).Elem(), fields).Value
}

// InputFields lists the fields of input that the modules name, nil when one of
// them looks at input as a whole.
func InputFields(modules map[string]*ast.Module) map[string]bool {
	fields, all := map[string]bool{}, false
	for _, m := range modules {
		ast.WalkTerms(m, func(t *ast.Term) bool {
			switch v := t.Value.(type) {
			case ast.Var:
				all = all || v.Equal(ast.InputRootDocument.Value)
			case ast.Ref:
				if !v[0].Equal(ast.InputRootDocument) {
					return false
				}
				if len(v) > 1 {
					if s, ok := v[1].Value.(ast.String); ok {
						fields[string(s)] = true
						for _, rest := range v[2:] {
							ast.WalkTerms(rest, func(t *ast.Term) bool {
								all = all || t.Equal(ast.InputRootDocument)
								return false
							})
						}
						return true
					}
				}
				all = true
			}
			return false
		})
	}
	if all {
		return nil
	}
	return fields
}

func structTerm(v reflect.Value, fields map[string]bool) *ast.Term {
	plan := planOf(v.Type())
	var room [32][2]*ast.Term // no struct of the facts has more fields
	pairs, only := room[:0], (*field)(nil)
	for i := range plan {
		f := &plan[i]
		fv := v.Field(f.index)
		if fields != nil && !fields[string(f.key.Value.(ast.String))] || f.omitempty && empty(fv) || f.omitzero && fv.IsZero() {
			continue
		}
		pairs = append(pairs, [2]*ast.Term{f.key, termOf(fv)})
		only = f
	}
	if len(pairs) == 1 {
		return only.with(pairs[0][1])
	}
	return ast.ObjectTerm(pairs...)
}

func termOf(v reflect.Value) *ast.Term {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ast.NullTerm()
		}
		return termOf(v.Elem())
	case reflect.Struct:
		return structTerm(v, nil)
	case reflect.Map:
		if v.IsNil() {
			return ast.NullTerm()
		}
		pairs := make([][2]*ast.Term, 0, v.Len())
		for it := v.MapRange(); it.Next(); {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm(it.Key().String()), termOf(it.Value())})
		}
		return ast.ObjectTerm(pairs...)
	case reflect.Slice:
		if v.IsNil() {
			return ast.NullTerm()
		}
		terms := make([]*ast.Term, v.Len())
		for i := range terms {
			terms[i] = termOf(v.Index(i))
		}
		return ast.ArrayTerm(terms...)
	case reflect.String:
		return stringTerm(v.String())
	case reflect.Bool:
		return ast.InternedTerm(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return ast.InternedTerm(int(v.Int()))
	}
	panic(fmt.Sprintf("opa: %s cannot be handed to Rego", v.Type()))
}

// empty is the emptiness of encoding/json's omitempty.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// Elements are those of a set or an array, false of any other term.
func Elements(t *ast.Term) ([]*ast.Term, bool) {
	switch v := t.Value.(type) {
	case ast.Set:
		return v.Slice(), true
	case *ast.Array:
		list := make([]*ast.Term, v.Len())
		for i := range list {
			list[i] = v.Elem(i)
		}
		return list, true
	}
	return nil, false
}
