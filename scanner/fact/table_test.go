package fact_test

import (
	"reflect"
	"strings"
	"testing"

	"crosscheck/scanner/fact"
)

// TestTablesAreTheFields: each field that is a fact has one row, under its name in JSON,
// which leads to that field and to no other.
func TestTablesAreTheFields(t *testing.T) {
	t.Parallel()
	checkTable(t, fact.BucketFacts)
	checkTable(t, fact.RoleFacts)
	checkTable(t, fact.KeyFacts)
	checkTable(t, fact.AccountFacts)
}

func checkTable[T any](t *testing.T, rows []fact.Row[T]) {
	t.Helper()
	var thing T
	v := reflect.ValueOf(&thing).Elem()
	fields := map[string]any{} // pointers to the fields, by name
	for i := range v.NumField() {
		if _, ok := v.Field(i).Interface().(fact.Any); ok {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			fields[name] = v.Field(i).Addr().Interface()
		}
	}
	for _, row := range rows {
		if fields[row.Name] != any(row.Of(&thing)) {
			t.Errorf("%T: the row %s does not lead to its field", thing, row.Name)
		}
		delete(fields, row.Name)
		for _, api := range row.APIs {
			if service, operation, ok := strings.Cut(api, ":"); !ok || service != strings.ToLower(service) || operation == "" {
				t.Errorf("%T: %s: %q is not the name of an API", thing, row.Name, api)
			}
		}
		if len(row.APIs) == 0 {
			t.Errorf("%T: no API reads %s", thing, row.Name)
		}
	}
	for name := range fields {
		t.Errorf("%T: %s has no row", thing, name)
	}
}

// TestState: what a fact says without its type is what it says.
func TestState(t *testing.T) {
	t.Parallel()
	gap := fact.Gap{Code: "AccessDenied"}
	for _, c := range []struct {
		fact  fact.Any
		want  fact.State
		known bool
	}{
		{&fact.Fact[string]{}, fact.State{}, false},
		{fact.Of("x"), fact.State{Value: true}, true},
		{fact.None[string](), fact.State{Absent: true}, true},
		{fact.Fact[string]{Gap: &gap}, fact.State{Gap: &gap}, false},
	} {
		if got := c.fact.State(); got != c.want || got.Known() != c.known {
			t.Errorf("%+v: state %+v, known %v", c.fact, got, got.Known())
		}
	}
}
