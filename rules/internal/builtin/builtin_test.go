package builtin_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/internal/builtin"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// call calls a builtin with arguments as Rego has them.
func call(ctx context.Context, name string, args ...string) (string, error) {
	for _, b := range builtin.New() {
		if b.Name != name {
			continue
		}
		terms := make([]*ast.Term, len(args))
		for i, arg := range args {
			terms[i] = ast.MustParseTerm(arg)
		}
		got, err := b.Impl(ctx, terms)
		if err != nil || got == nil {
			return "undefined", err
		}
		return got.String(), nil
	}
	return "", fmt.Errorf("there is no builtin %s", name)
}

func Example() {
	faults := `[{"message": "the bucket has no tag owner", "key": "owner"}]`
	fmt.Println(call(context.Background(), "crosscheck.result", `{"id": "src/all→dst"}`, faults, `"it has all tags"`))
	// Output: {{"key": "owner", "link": "src/all→dst", "message": "the bucket has no tag owner", "status": "fail"}} <nil>
}

// TestPolicies: rules ask about policies at any time, without a document.
func TestPolicies(t *testing.T) {
	t.Parallel()
	text := strconv.Quote(`{"Version":"2012-10-17","Statement":[
		{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"},
		{"Effect":"Allow","Principal":{"AWS":["111111111111","arn:aws:iam::222222222222:role/r"]},"NotAction":"s3:GetObject",
			"Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
		{"Sid":"No","Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:s3:::b/*"}]}`)
	open := strconv.Quote(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}}`)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"iam.public", []string{`"b"`, text}, `"unknown"`}, // a Deny may take it back
		{"iam.public", []string{`"b"`, open}, `"true"`},
		{"iam.grants", []string{`"bucket-policy"`, text, `["s3:getobject"]`, `"111111111111"`},
			`[{"actions": ["s3:getobject"], "conditions": 0, "name": "Open", "principals": ["*"]}]`},
		{"iam.grants", []string{`"bucket-policy"`, text, `["s3:PutObject"]`, `"111111111111"`},
			`[{"actions": ["s3:PutObject"], "conditions": 1, "name": "1", "principals": ["arn:aws:iam::222222222222:role/r"]}]`},
		{"iam.grants", []string{`"bucket-policy"`, text, `["s3:PutObject"]`, `""`},
			`[{"actions": ["s3:PutObject"], "conditions": 1, "name": "1", "principals": ["111111111111", "arn:aws:iam::222222222222:role/r"]}]`},
	} {
		if got, err := call(t.Context(), c.name, c.args...); err != nil || got != c.want {
			t.Errorf("%s %s: %s, want %s, %v", c.name, c.args, got, c.want, err)
		}
	}
	got, err := call(t.Context(), "iam.statements", `"bucket-policy"`, text)
	for _, want := range []string{`"sid": "Open"`, `"not_action": true`, `"effect": "Deny"`,
		`{"key": "aws:SecureTransport", "operator": "Bool", "values": ["true"]}`} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("no %s in %s, %v", want, got, err)
		}
	}
}

// TestRefusals: what a builtin cannot answer is an error, and no silence.
func TestRefusals(t *testing.T) {
	t.Parallel()
	doc := &fact.Document{Links: []fact.Link{{ID: "a"}}}
	judged := builtin.With(t.Context(), &builtin.Evaluation{Doc: doc, Matrices: make([]permission.Matrix, 1)})
	for _, c := range []struct {
		ctx  context.Context
		name string
		args []string
		want string
	}{
		{t.Context(), "iam.statements", []string{`"a kind"`, `"{}"`}, "unknown kind of policy"},
		{t.Context(), "iam.grants", []string{`"bucket-policy"`, `"{}"`, `"s3:GetObject"`, `""`}, "the actions are an array"},
		{t.Context(), "crosscheck.checks", []string{`"a"`}, "answers only while a document is judged"},
		{t.Context(), "crosscheck.unread", nil, "answers only while a document is judged"},
		{judged, "crosscheck.checks", []string{`"b"`}, `no link "b"`},
		{judged, "crosscheck.answer", []string{`"a"`, `"source/s3:Nothing"`}, "no check"},
		{t.Context(), "crosscheck.pass", []string{`"a"`, `"m"`}, "what an answer is about"},
		{t.Context(), "crosscheck.fail", []string{`{"id": "a"}`, `"m"`, `"more"`}, "is an object"},
	} {
		if got, err := call(c.ctx, c.name, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s%s: %s, %v, want %s", c.name, c.args, got, err, c.want)
		}
	}
}
