package condition_test

import (
	"strings"
	"testing"

	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/condition"
	"crosscheck/rules/iam/contextkey"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
)

// TestRepresent: every value that a request can have for a key is treated by the
// conditions like one of its representatives, and each representative is a value
// that a request can have.
func TestRepresent(t *testing.T) {
	t.Parallel()
	// One key has one value, one has several, and of the last it is not known.
	keys := map[string]logic.Truth{"aws:username": logic.False, "aws:calledvia": logic.True, "other:key": logic.Unknown}
	for _, c := range []struct {
		conditions []string // operator and operands
		pool       []string
	}{
		{[]string{`StringEquals ["a","b"]`}, []string{"a", "b", "c", "A", ""}},
		{[]string{`StringLike "a*"`, `StringNotEquals "ab"`}, []string{"a", "ab", "abc", "b"}},
		{[]string{`StringNotLike "a*"`, `Null "true"`}, []string{"a", "ab", "b"}},
		{[]string{`StringEqualsIgnoreCase "Ab"`}, []string{"ab", "AB", "x"}},
		{[]string{`StringEqualsIfExists "a"`, `StringNotEqualsIfExists "b"`}, []string{"a", "b", "c"}},
		{[]string{`ForAnyValue:StringEquals ["a","b"]`}, []string{"a", "b", "c"}},
		{[]string{`ForAllValues:StringEquals ["a","b"]`, `ForAnyValue:StringLike "b*"`}, []string{"a", "b", "bc", "c"}},
		{[]string{`StringEquals "a"`, `ForAnyValue:StringEquals "b"`}, []string{"a", "b", "c"}},
		{[]string{`ForAllValues:StringNotEquals "a"`, `ForAnyValue:StringNotEquals "a"`}, []string{"a", "b", "c"}},
		{[]string{`NumericLessThan "2"`, `NumericGreaterThanEquals "1"`}, []string{"0", "1", "1.5", "2", "3", "word"}},
		{[]string{`ForAnyValue:NumericEquals "2"`}, []string{"1", "2", "3", "word"}},
		{[]string{`DateLessThan "2030-01-01"`}, []string{"2029-01-01", "2030-01-01", "2031-01-01", "word"}},
		{[]string{`IpAddress "192.0.2.0/24"`}, []string{"192.0.2.7", "192.0.3.0", "192.0.1.255", "2001:db8::1", "word"}},
		{[]string{`Bool "true"`}, []string{"true", "false", "TRUE", "word"}},
		{[]string{`Null "false"`}, []string{"a"}},
		{[]string{`ArnLike "arn:aws:iam::*:role/x"`}, []string{"arn:aws:iam::1:role/x", "arn:aws:iam::1:role/y", "word"}},
	} {
		for key, several := range keys {
			if catalog.Multivalued(key) != several {
				t.Fatalf("%s: several values %v, want %v", key, catalog.Multivalued(key), several)
			}
			var tests []*condition.Condition
			for _, written := range c.conditions {
				op, operand, _ := strings.Cut(written, " ")
				doc := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"` + op + `":{"` + key + `":` + operand + `}}}}`
				p := policy.Parse(policy.Session, "p", []byte(doc))
				tests = append(tests, &p.Compiled()[0].Conditions[0])
			}
			var b match.Budget
			values, ok := condition.Represent(&contextkey.Known{}, &b, key, tests)
			if !ok {
				t.Errorf("%s of %s: not represented", c.conditions, key)
				continue
			}
			said := func(v contextkey.Value) (all string) {
				k := &contextkey.Known{Context: map[string]contextkey.Value{key: v}}
				for _, test := range tests {
					all += test.Holds(k, false).String() + test.Holds(k, true).String() + " "
				}
				return all
			}
			represented := map[string]bool{}
			for _, v := range values {
				if present := v.State == contextkey.StatePresent; present && (v.Multi && several == logic.False || !v.Multi && several == logic.True) {
					t.Errorf("%s of %s: no request has %+v", c.conditions, key, v)
				}
				represented[said(v)] = true
			}
			for _, v := range valuesOf(c.pool, several) {
				if !represented[said(v)] {
					t.Errorf("%s of %s: no representative is like %+v (%s)", c.conditions, key, v, said(v))
				}
			}
		}
	}
}

// valuesOf are the values that a request can have: none, one or a set of up to three.
func valuesOf(pool []string, several logic.Truth) []contextkey.Value {
	all := []contextkey.Value{contextkey.Absent()}
	for _, a := range pool {
		if several != logic.True {
			all = append(all, contextkey.One(a))
		}
		if several == logic.False {
			continue
		}
		for _, b := range pool {
			for _, c := range pool {
				all = append(all, contextkey.Many(a), contextkey.Many(a, b), contextkey.Many(a, b, c))
			}
		}
	}
	return all
}
