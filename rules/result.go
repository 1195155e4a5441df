package rules

import (
	"context"
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/finding"
)

// results are the builtins that make the answers of rules. Their first argument is
// what the answer is about: a link, the bucket of the document, or, in the answers of
// an organization rule, one of its records. The last argument of crosscheck.fail and
// crosscheck.unknown is an object with what else an answer may have: key, severity,
// failure_codes, contested, evidence, remediation.
//
// They are builtins and no module of Rego functions, for what those cost:
// docs/decisions/080-answers-are-builtins.md.
var results = []builtin{
	{name: "crosscheck.pass", decl: withoutMore, impl: answerer(finding.Pass, withoutMore), pure: true},
	{name: "crosscheck.fail", decl: withMore, impl: answerer(finding.Fail, withMore), pure: true},
	{name: "crosscheck.unknown", decl: withMore, impl: answerer(finding.Unknown, withMore), pure: true},
	{name: "crosscheck.not_applicable", decl: withoutMore, impl: answerer(finding.NotApplicable, withoutMore), pure: true},
}

var (
	withoutMore = types.NewFunction(types.Args(anyObject, types.S), anyObject)
	withMore    = types.NewFunction(types.Args(anyObject, types.S, anyObject), anyObject)
)

// subjectFields are the fields of the subject that an answer has, with their names in the answer.
var subjectFields = [][2]*ast.Term{
	{ast.StringTerm("id"), ast.StringTerm("link")},
	{ast.StringTerm("account_id"), ast.StringTerm("account_id")},
	{ast.StringTerm("bucket"), ast.StringTerm("bucket")},
}

var noMore = ast.NewObject()

func answerer(status finding.Status, decl *types.Function) func(context.Context, []*ast.Term) (*ast.Term, error) {
	statusPair := [2]*ast.Term{ast.StringTerm("status"), ast.StringTerm(string(status))}
	message := ast.StringTerm("message")
	return func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
		subject, ok := args[0].Value.(ast.Object)
		if !ok {
			return nil, errors.New("what the answer is about is a link, a bucket or a record")
		}
		more := noMore
		if decl.Arity() == 3 {
			if more, ok = args[2].Value.(ast.Object); !ok {
				return nil, errors.New("what else the answer has is an object")
			}
		}
		pairs := make([][2]*ast.Term, 0, more.Len()+3)
		more.Foreach(func(k, v *ast.Term) { pairs = append(pairs, [2]*ast.Term{k, v}) })
		for _, f := range subjectFields {
			if v := subject.Get(f[0]); v != nil {
				pairs = append(pairs, [2]*ast.Term{f[1], v})
			}
		}
		return ast.ObjectTerm(append(pairs, statusPair, [2]*ast.Term{message, args[1]})...), nil
	}
}
