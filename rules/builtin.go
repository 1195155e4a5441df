package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/iam"
)

// builtin is a function that rules may call beside Rego's own.
type builtin struct {
	decl *rego.Function
	impl func(*rego.Function) func(*rego.Rego)
}

var (
	anyObject = types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))
	anyArray  = types.NewArray(nil, types.A)
)

// builtins are what crosscheck adds to Rego:
//
//	crosscheck.checks(link_id)   the permission matrix of a link: {"layer/action": {…}}
//	crosscheck.records()         the records that the rule kept, in the answers of an organization rule
//	iam.decide(request)          one decision, in the format of `crosscheck simulate`
//	iam.statements(kind, text)   the statements of a policy document
var builtins = []builtin{
	{
		decl: &rego.Function{Name: "crosscheck.checks", Decl: types.NewFunction(types.Args(types.S), anyObject)},
		impl: func(d *rego.Function) func(*rego.Rego) {
			return rego.Function1(d, func(bctx rego.BuiltinContext, id *ast.Term) (*ast.Term, error) {
				ev, err := evaluationOf(bctx.Context)
				if err != nil {
					return nil, err
				}
				link, ok := id.Value.(ast.String)
				if !ok {
					return nil, fmt.Errorf("crosscheck.checks: the id of a link is a string, not %s", id)
				}
				return ev.checksTerm(string(link))
			})
		},
	},
	{
		decl: &rego.Function{Name: "crosscheck.records", Decl: types.NewFunction(types.Args(types.S), anyArray)},
		impl: func(d *rego.Function) func(*rego.Rego) {
			return rego.Function1(d, func(bctx rego.BuiltinContext, id *ast.Term) (*ast.Term, error) {
				ev, err := evaluationOf(bctx.Context)
				if err != nil {
					return nil, err
				}
				rule, _ := id.Value.(ast.String)
				return ast.NewTerm(ast.NewArray(ev.records[string(rule)]...)), nil
			})
		},
	},
	{
		decl: &rego.Function{Name: "iam.decide", Decl: types.NewFunction(types.Args(types.A), anyObject)},
		impl: func(d *rego.Function) func(*rego.Rego) {
			return rego.Function1(d, func(_ rego.BuiltinContext, request *ast.Term) (*ast.Term, error) {
				v, err := ast.JSON(request.Value)
				if err != nil {
					return nil, err
				}
				line, err := json.Marshal(v)
				if err != nil {
					return nil, err
				}
				out, err := ast.ValueFromReader(bytes.NewReader(iam.Simulate(line)))
				if err != nil {
					return nil, err
				}
				return ast.NewTerm(out), nil
			})
		},
	},
	{
		decl: &rego.Function{Name: "iam.statements", Decl: types.NewFunction(types.Args(types.S, types.S), anyArray)},
		impl: func(d *rego.Function) func(*rego.Rego) {
			return rego.Function2(d, func(bctx rego.BuiltinContext, kind, text *ast.Term) (*ast.Term, error) {
				k, _ := kind.Value.(ast.String)
				doc, _ := text.Value.(ast.String)
				cache := defaultPolicies
				if ev, err := evaluationOf(bctx.Context); err == nil {
					cache = ev.engine.policies
				}
				p, err := cache.byKindName(string(k), string(doc))
				if err != nil {
					return nil, err
				}
				return p.statementsTerm(), nil
			})
		},
	},
}

// options registers the implementations with an evaluation.
func builtinOptions() []func(*rego.Rego) {
	out := make([]func(*rego.Rego), len(builtins))
	for i, b := range builtins {
		out[i] = b.impl(b.decl)
	}
	return out
}

type evaluationKey struct{}

func withEvaluation(ctx context.Context, ev *evaluation) context.Context {
	return context.WithValue(ctx, evaluationKey{}, ev)
}

func evaluationOf(ctx context.Context) (*evaluation, error) {
	if ev, ok := ctx.Value(evaluationKey{}).(*evaluation); ok {
		return ev, nil
	}
	return nil, errors.New("this builtin answers only while a document is judged; in a test replace it: with crosscheck.checks as {…}")
}
