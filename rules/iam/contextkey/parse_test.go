package contextkey

import (
	"reflect"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Part{
		"":                nil,
		"a*b":             nil,
		"$x{}":            nil,
		"${aws:UserName}": {{Key: "aws:username"}},
		"a${ k }b":        {{text: "a"}, {Key: "k"}, {text: "b"}},
		"${*}${?}${$}":    {{literal: '*'}, {literal: '?'}, {literal: '$'}},
		"${k, ''}":        {{Key: "k", hasText: true}},
		"${k,'a}b'}c":     {{Key: "k", text: "a}b", hasText: true}, {text: "c"}},
		"x${k, 'a, b'}":   {{text: "x"}, {Key: "k", text: "a, b", hasText: true}},
	} {
		plain := make([]Part, len(want))
		copy(plain, want)
		if got, ok := ParseTemplate(text); !ok || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, plain) {
			t.Errorf("%q: %+v %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"${", "${k", "a${k", "${}", "${ }", "${k${j}}", "${k*}", "${k?}", "${k'}'}", "${k,}", "${k, a}", "${k, 'a}", "${k, a'}", "${k, '}", "${k, 'a'b'}", "${j}${k"} {
		if got, ok := ParseTemplate(text); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	k := Known{
		Context: map[string]Value{"one": One("1"), "each": Each("a*"), "given": Each("b*"), "unknown": {}},
		Given:   []Binding{{"given", One("bb")}, {"one", One("not this")}},
		Assumed: []Binding{{"unknown", One("2")}},
	}
	for key, want := range map[string]Value{"one": One("1"), "each": {}, "given": One("bb"), "unknown": One("2"), "none": Absent()} {
		if got := k.Lookup(key); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}
