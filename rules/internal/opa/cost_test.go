package opa

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// TestGuardedBuiltins: what is usual passes, what is too much is refused before it is made.
func TestGuardedBuiltins(t *testing.T) {
	t.Parallel()
	e := New(ast.NewCompiler(), nil, nil, true)
	for text, refused := range map[string]string{
		`x = concat(", ", ["a", "b"])`:                                                         "",
		`x = sprintf("%s is %d of %v", ["a", 3, {"k": [1, 2]}])`:                               "",
		`x = {"arn:aws:iam::111111111111:role/a", "arn:aws:iam::111111111111:role/b"} - {"c"}`: "",
		`x = 1.5e3 * 4`:                                               "",
		`x = bits.lsh(1, 12)`:                                         "",
		`x = numbers.range(10, 1)`:                                    "",
		`x = numbers.range_step(0, 100, 7)`:                           "",
		`x = sum([1, 2, 3])`:                                          "",
		`x = split("a/b/c", "/")`:                                     "",
		`x = regex.replace("aXb", "X", "$0-")`:                        "",
		`x = units.parse_bytes("10GiB")`:                              "",
		`x = json.unmarshal("{\"a\": [1e3]}")`:                        "",
		`x = array.flatten([[1], [[2]]])`:                             "",
		`x = numbers.range(1, 1000000000)`:                            "numbers.range would make more than 32 MiB at once",
		`x = bits.lsh(1, 100000000)`:                                  "bits.lsh would make",
		`x = to_number("1e99999")`:                                    "to_number would make",
		`x = sprintf("%` + strings.Repeat("%999999d", 40) + `", [1])`: "sprintf would make",
		`x = regex.match("` + strings.Repeat("a", 70_000) + `", "a")`: "regex.match would make",
	} {
		q, err := e.Prepare(text)
		if err != nil {
			t.Fatalf("%.60s: %v", text, err)
		}
		x, err := e.Eval(context.Background(), q, ast.NewObject())
		var memory *MemoryError
		switch {
		case refused == "" && (err != nil || x == nil):
			t.Errorf("%.60s: %v, %v", text, x, err)
		case refused != "" && (!errors.As(err, &memory) || !strings.HasPrefix(memory.Why, refused)):
			t.Errorf("%.60s: %v, want %s", text, err, refused)
		}
	}
}

// TestCostsAreOfBuiltins: a name that OPA does not have bounds nothing.
func TestCostsAreOfBuiltins(t *testing.T) {
	t.Parallel()
	for name := range costs {
		if ast.BuiltinMap[name] == nil {
			t.Errorf("there is no builtin %s", name)
		}
	}
}

// TestHuge: a term that holds another many times is as large as its text.
func TestHuge(t *testing.T) {
	t.Parallel()
	term := ast.ArrayTerm(ast.NumberTerm("1"))
	for range 40 {
		term = ast.ArrayTerm(term, term)
	}
	if !Huge(term) {
		t.Error("a term of 2^40 elements is not huge")
	}
	if Huge(ast.MustParseTerm(`{"a": [1, {"b"}]}`)) {
		t.Error("a small term is huge")
	}
}
