package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/iam"
	"crosscheck/scanner/fact"
)

// builtin is a function that rules may call beside Rego's own.
type builtin struct {
	name string
	decl *types.Function
	impl func(ctx context.Context, args []*ast.Term) (*ast.Term, error)

	// pure functions get no context, which costs more to make than they do
	pure bool
}

func (b *builtin) declaration() *ast.Builtin {
	return &ast.Builtin{Name: b.name, Decl: b.decl, CanSkipBctx: b.pure}
}

var (
	anyObject = types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))
	anyArray  = types.NewArray(nil, types.A)
)

// builtins are what crosscheck adds to Rego:
//
//	crosscheck.pass, .fail, .unknown, .not_applicable, .result, .value
//	                             what makes the answers of rules; see results
//	crosscheck.checks(link_id)   the permission matrix of a link: {"layer/action": {…}}
//	crosscheck.answer(link_id, check)
//	                             the answer of a rule that judges one entry of the matrix, "layer/action",
//	                             or one side of it, "layer/action/role" and "layer/action/resource"
//	crosscheck.problems(link_id) why AWS would refuse one of the policies that bear on a link
//	crosscheck.path(account)     the ids of the units over an account of the document, from the root down:
//	                             {"value": […]}, {"absent": true} in no organization, {} where it was not read
//	crosscheck.records(id)       the records that a rule kept, in the answers of an organization rule
//	crosscheck.unread()          the ids of the accounts of whose buckets not all are known, likewise
//	iam.decide(request)          one decision, in the format of `crosscheck simulate`
//	iam.statements(kind, text)   the statements of a policy document
//	iam.grants(kind, text, actions, account)
//	                             its Allow statements that name one of the actions, with the AWS principals
//	                             outside of the account ("" = all)
//	iam.public(bucket, text)     whether Block Public Access calls the bucket policy public: true, false, unknown
var builtins = append(results, []builtin{
	{name: "crosscheck.checks", decl: types.NewFunction(types.Args(types.S), anyObject), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		return ev.checks(text(args[0]))
	}},
	{name: "crosscheck.answer", decl: types.NewFunction(types.Args(types.S, types.S), anyObject), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		return ev.answer(text(args[0]), text(args[1]))
	}},
	{name: "crosscheck.problems", decl: types.NewFunction(types.Args(types.S), anyArray), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		p, err := ev.permissionsOf(text(args[0]))
		if err != nil {
			return nil, err
		}
		return p.problems(), nil
	}},
	// input.accounts has it as well, but with every policy over every account.
	{name: "crosscheck.path", decl: types.NewFunction(types.Args(types.S), anyObject), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		var path fact.Fact[[]string]
		if ev.doc != nil {
			path = ev.doc.Accounts[text(args[0])].Path
		}
		switch {
		case path.Value != nil:
			return ast.ObjectTerm([2]*ast.Term{ast.StringTerm("value"), stringsTerm(*path.Value)}), nil
		case path.Absent:
			return ast.ObjectTerm([2]*ast.Term{ast.StringTerm("absent"), ast.BooleanTerm(true)}), nil
		}
		return ast.ObjectTerm(), nil
	}},
	{name: "crosscheck.records", decl: types.NewFunction(types.Args(types.S), anyArray), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		return ast.ArrayTerm(ev.records[text(args[0])]...), nil
	}},
	{name: "crosscheck.unread", decl: types.NewFunction(nil, types.NewArray(nil, types.S)), impl: func(ctx context.Context, _ []*ast.Term) (*ast.Term, error) {
		ev, err := evaluationOf(ctx)
		if err != nil {
			return nil, err
		}
		return stringsTerm(ev.unread), nil
	}},
	{name: "iam.decide", decl: types.NewFunction(types.Args(types.A), anyObject), impl: func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
		request, err := ast.JSON(args[0].Value)
		if err != nil {
			return nil, err
		}
		line, err := json.Marshal(request)
		if err != nil {
			return nil, err
		}
		out, err := ast.ValueFromReader(bytes.NewReader(iam.Simulate(line)))
		if err != nil {
			return nil, err
		}
		return ast.NewTerm(out), nil
	}},
	{name: "iam.statements", decl: types.NewFunction(types.Args(types.S, types.S), anyArray), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		p, err := policiesOf(ctx).byKindName(text(args[0]), text(args[1]))
		if err != nil {
			return nil, err
		}
		return p.statementsTerm(), nil
	}},
	{name: "iam.grants", decl: types.NewFunction(types.Args(types.S, types.S, types.NewArray(nil, types.S), types.S), anyArray), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		p, err := policiesOf(ctx).byKindName(text(args[0]), text(args[1]))
		if err != nil {
			return nil, err
		}
		actions, ok := args[2].Value.(*ast.Array)
		if !ok {
			return nil, errors.New("the actions are an array of strings")
		}
		return p.grantsTerm(actions, text(args[3])), nil
	}},
	{name: "iam.public", decl: types.NewFunction(types.Args(types.S, types.S), types.S), impl: func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		bucket := text(args[0])
		p := policiesOf(ctx).get(iam.BucketPolicy, bucket, fact.Policy{Document: text(args[1])})
		switch iam.Classify(bucket, p.Policy).Public {
		case iam.True:
			return ast.StringTerm("true"), nil
		case iam.False:
			return ast.StringTerm("false"), nil
		}
		return unknownTerm, nil
	}},
}...)

func policiesOf(ctx context.Context) *policyCache {
	if ev, err := evaluationOf(ctx); err == nil {
		return ev.engine.policies
	}
	return defaultPolicies
}

// text is a string argument, which the type checker has seen to.
func text(t *ast.Term) string {
	s, _ := t.Value.(ast.String)
	return string(s)
}

// topdownBuiltins are the implementations for an evaluation.
var topdownBuiltins = func() map[string]*topdown.Builtin {
	m := make(map[string]*topdown.Builtin, len(builtins))
	for _, b := range builtins {
		m[b.name] = &topdown.Builtin{Decl: b.declaration(), Func: func(bctx topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
			t, err := b.impl(bctx.Context, args)
			if err != nil {
				return &topdown.Error{Code: topdown.BuiltinErr, Message: b.name + ": " + err.Error(), Location: bctx.Location}
			}
			if t == nil {
				return nil // undefined
			}
			return iter(t)
		}}
	}
	return m
}()

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
