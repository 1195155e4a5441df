package builtin

import (
	"context"
	"errors"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"crosscheck/rules/finding"
	"crosscheck/rules/internal/opa"
)

// results are the builtins that make the answers of rules:
//
//	crosscheck.pass(subject, message)
//	crosscheck.fail(subject, message, more)
//	crosscheck.unknown(subject, message, more)
//	crosscheck.not_applicable(subject, message)
//	                             one answer
//	crosscheck.result(subject, faults, message)
//	                             the answers to a set or array of faults: a fail for each, a pass if there is none
//	crosscheck.value(fact, otherwise)
//	                             the value of a fact, otherwise where AWS answered that there is none; undefined
//	                             where the fact was not read
//
// The subject is what the answer is about: a link, the bucket of the document, or, in
// the answers of an organization rule, one of its records. What more an answer may
// have, as a fault may beside its message, is key, severity, failure_codes, contested,
// evidence and remediation.
//
// They are builtins and no module of Rego functions, for what those cost:
// docs/decisions/080-answers-are-builtins.md.
var results = []opa.Builtin{
	{Name: "crosscheck.pass", Decl: types.NewFunction(types.Args(anyObject, types.S), anyObject), Impl: alone(finding.Pass), Pure: true},
	{Name: "crosscheck.fail", Decl: types.NewFunction(types.Args(anyObject, types.S, anyObject), anyObject), Impl: withMore(finding.Fail), Pure: true},
	{Name: "crosscheck.unknown", Decl: types.NewFunction(types.Args(anyObject, types.S, anyObject), anyObject), Impl: withMore(finding.Unknown), Pure: true},
	{Name: "crosscheck.not_applicable", Decl: types.NewFunction(types.Args(anyObject, types.S), anyObject), Impl: alone(finding.NotApplicable), Pure: true},
	{Name: "crosscheck.result", Decl: types.NewFunction(types.Args(anyObject, types.NewAny(types.NewSet(anyObject), types.NewArray(nil, anyObject)), types.S), types.NewSet(anyObject)), Impl: result, Pure: true},
	{Name: "crosscheck.value", Decl: types.NewFunction(types.Args(anyObject, types.A), types.A), Impl: value, Pure: true},
}

var (
	idField      = ast.StringTerm("id")
	linkField    = ast.StringTerm("link")
	bucketField  = ast.StringTerm("bucket")
	accountField = ast.StringTerm("account_id")
	messageField = ast.StringTerm("message")
	statusField  = ast.StringTerm("status")
	valueField   = ast.StringTerm("value")
	absentField  = ast.StringTerm("absent")
)

// answerTo is an answer: its subject and status, and whatever fields it has.
func answerTo(subject *ast.Term, status *ast.Term, message *ast.Term, more ast.Object) (*ast.Term, error) {
	about, ok := subject.Value.(ast.Object)
	if !ok {
		return nil, errors.New("what an answer is about is a link, a bucket or a record")
	}
	pairs := make([][2]*ast.Term, 0, more.Len()+4)
	more.Foreach(func(k, v *ast.Term) { pairs = append(pairs, [2]*ast.Term{k, v}) })
	if id := about.Get(idField); id != nil {
		pairs = append(pairs, [2]*ast.Term{linkField, id})
	} else if bucket := about.Get(bucketField); bucket != nil { // a record
		pairs = append(pairs, [2]*ast.Term{bucketField, bucket})
		if account := about.Get(accountField); account != nil {
			pairs = append(pairs, [2]*ast.Term{accountField, account})
		}
	}
	if message != nil {
		pairs = append(pairs, [2]*ast.Term{messageField, message})
	}
	return ast.ObjectTerm(append(pairs, [2]*ast.Term{statusField, status})...), nil
}

func statusTerm(s finding.Status) *ast.Term { return ast.StringTerm(string(s)) }

var failed, passed = statusTerm(finding.Fail), statusTerm(finding.Pass)

var noMore = ast.NewObject()

func alone(status finding.Status) func(context.Context, []*ast.Term) (*ast.Term, error) {
	said := statusTerm(status)
	return func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
		return answerTo(args[0], said, args[1], noMore)
	}
}

func withMore(status finding.Status) func(context.Context, []*ast.Term) (*ast.Term, error) {
	said := statusTerm(status)
	return func(_ context.Context, args []*ast.Term) (*ast.Term, error) {
		more, ok := args[2].Value.(ast.Object)
		if !ok {
			return nil, errors.New("what more an answer has is an object")
		}
		return answerTo(args[0], said, args[1], more)
	}
}

func result(_ context.Context, args []*ast.Term) (*ast.Term, error) {
	faults, ok := opa.Elements(args[1])
	if !ok {
		return nil, errors.New("faults are a set or an array")
	}
	var answers []*ast.Term
	for _, f := range faults {
		fault, ok := f.Value.(ast.Object)
		if !ok || fault.Get(messageField) == nil {
			return nil, errors.New("a fault is an object with a message")
		}
		a, err := answerTo(args[0], failed, nil, fault)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	if len(faults) == 0 {
		a, err := answerTo(args[0], passed, args[2], noMore)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return ast.SetTerm(answers...), nil
}

func value(_ context.Context, args []*ast.Term) (*ast.Term, error) {
	f, ok := args[0].Value.(ast.Object)
	if !ok {
		return nil, errors.New("a fact is an object")
	}
	if v := f.Get(valueField); v != nil {
		return v, nil
	}
	if f.Get(absentField) != nil {
		return args[1], nil
	}
	return nil, nil
}
