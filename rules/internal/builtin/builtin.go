// Package builtin is what crosscheck adds to Rego: the functions that rules call to make
// answers, to see the permissions of a link, and to read policies.
package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/simulate"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

var (
	anyObject = types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))
	anyArray  = types.NewArray(nil, types.A)
)

// New are what crosscheck adds to Rego:
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
//
// Those of iam answer anywhere, with documents that they share; those of crosscheck
// only while a document is judged.
func New() []opa.Builtin {
	docs := newDocuments()
	return append(slices.Clone(results), []opa.Builtin{
		{Name: "crosscheck.checks", Decl: types.NewFunction(types.Args(types.S), anyObject), Impl: ofLink(func(m *permission.Matrix, _ string, _ []*ast.Term) (*ast.Term, error) {
			return matrixTerm(m), nil
		})},
		{Name: "crosscheck.answer", Decl: types.NewFunction(types.Args(types.S, types.S), anyObject), Impl: ofLink(answerBuiltin)},
		{Name: "crosscheck.problems", Decl: types.NewFunction(types.Args(types.S), anyArray), Impl: ofLink(func(m *permission.Matrix, _ string, _ []*ast.Term) (*ast.Term, error) {
			return problemsTerm(m), nil
		})},
		// input.accounts has it as well, but with every policy over every account.
		{Name: "crosscheck.path", Decl: types.NewFunction(types.Args(types.S), anyObject), Impl: ofContext(func(ev *Evaluation, args []*ast.Term) (*ast.Term, error) {
			return ev.path(text(args[0])), nil
		})},
		{Name: "crosscheck.records", Decl: types.NewFunction(types.Args(types.S), anyArray), Impl: ofContext(func(ev *Evaluation, args []*ast.Term) (*ast.Term, error) {
			return ast.ArrayTerm(ev.Records[text(args[0])]...), nil
		})},
		{Name: "crosscheck.unread", Decl: types.NewFunction(nil, types.NewArray(nil, types.S)), Impl: ofContext(func(ev *Evaluation, _ []*ast.Term) (*ast.Term, error) {
			return stringsTerm(ev.Unread), nil
		})},
		{Name: "iam.decide", Decl: types.NewFunction(types.Args(types.A), anyObject), Pure: true, Impl: decideBuiltin},
		{Name: "iam.statements", Decl: types.NewFunction(types.Args(types.S, types.S), anyArray), Pure: true, Impl: func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
			p, err := docs.ofKind(text(args[0]), text(args[1]))
			if err != nil {
				return nil, err
			}
			return p.statements(), nil
		}},
		{Name: "iam.grants", Decl: types.NewFunction(types.Args(types.S, types.S, types.NewArray(nil, types.S), types.S), anyArray), Pure: true, Impl: func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
			p, err := docs.ofKind(text(args[0]), text(args[1]))
			if err != nil {
				return nil, err
			}
			actions, ok := args[2].Value.(*ast.Array)
			if !ok {
				return nil, errors.New("the actions are an array of strings")
			}
			return p.grantsTerm(actions, text(args[3])), nil
		}},
		{Name: "iam.public", Decl: types.NewFunction(types.Args(types.S, types.S), types.S), Pure: true, Impl: func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
			bucket := text(args[0])
			return ast.StringTerm(policy.Classify(bucket, docs.get(policy.Bucket, bucket, text(args[1])).Policy).Public.String()), nil
		}},
	}...)
}

// Evaluation is what builtins of crosscheck answer from: a document with its
// matrices, or what is known at the end of a run. It travels in the context, since
// OPA calls builtins with nothing else that is ours.
type Evaluation struct {
	Doc      *fact.Document
	Matrices []permission.Matrix    // of the links, in their order
	Records  map[string][]*ast.Term // that rules about the organization kept, by rule id
	Unread   []string               // accounts of whose buckets not all are known, by id
}

type evaluationKey struct{}

// With is a context in which the builtins answer from ev.
func With(ctx context.Context, ev *Evaluation) context.Context {
	return context.WithValue(ctx, evaluationKey{}, ev)
}

// ofContext is a builtin that answers from the evaluation at hand.
func ofContext(f func(ev *Evaluation, args []*ast.Term) (*ast.Term, error)) func(context.Context, []*ast.Term) (*ast.Term, error) {
	return func(ctx context.Context, args []*ast.Term) (*ast.Term, error) {
		ev, ok := ctx.Value(evaluationKey{}).(*Evaluation)
		if !ok {
			return nil, errors.New("this builtin answers only while a document is judged; in a test replace it: with crosscheck.checks as {…}")
		}
		return f(ev, args)
	}
}

// ofLink is a builtin that answers from the matrix of a link, its first argument.
func ofLink(f func(m *permission.Matrix, link string, args []*ast.Term) (*ast.Term, error)) func(context.Context, []*ast.Term) (*ast.Term, error) {
	return ofContext(func(ev *Evaluation, args []*ast.Term) (*ast.Term, error) {
		link := text(args[0])
		if ev.Doc != nil {
			for i := range ev.Doc.Links {
				if ev.Doc.Links[i].ID == link {
					return f(&ev.Matrices[i], link, args)
				}
			}
		}
		return nil, fmt.Errorf("the document has no link %q", link)
	})
}

// path is the place of an account in its organization.
func (ev *Evaluation) path(account string) *ast.Term {
	var path fact.Fact[[]string]
	if ev.Doc != nil {
		path = ev.Doc.Accounts[account].Path
	}
	switch {
	case path.Value != nil:
		return ast.ObjectTerm([2]*ast.Term{ast.StringTerm("value"), stringsTerm(*path.Value)})
	case path.Absent:
		return ast.ObjectTerm([2]*ast.Term{ast.StringTerm("absent"), ast.BooleanTerm(true)})
	}
	return ast.ObjectTerm()
}

// answerBuiltin is crosscheck.answer.
func answerBuiltin(m *permission.Matrix, link string, args []*ast.Term) (*ast.Term, error) {
	name := text(args[1])
	layer, action, _ := strings.Cut(name, "/")
	side := permission.Whole
	for _, s := range []permission.Side{permission.RoleSide, permission.ResourceSide} {
		if cut, ok := strings.CutSuffix(action, "/"+string(s)); ok {
			action, side = cut, s
		}
	}
	a, ok := m.Answer(demand.Key{Layer: demand.Layer(layer), Action: action}, side)
	if !ok {
		return nil, fmt.Errorf("there is no check %q", name)
	}
	return answerTerm(link, a), nil
}

// decideBuiltin is iam.decide.
func decideBuiltin(_ context.Context, args []*ast.Term) (*ast.Term, error) {
	request, err := ast.JSON(args[0].Value)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	answer, _ := simulate.Line(line)
	out, err := ast.ValueFromReader(bytes.NewReader(answer))
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(out), nil
}

// text is a string argument, which the type checker has seen to.
func text(t *ast.Term) string {
	s, _ := t.Value.(ast.String)
	return string(s)
}
