// Package opa evaluates Rego with OPA as fast as an audit of many buckets needs it:
// it compiles a query once and evaluates it with OPA's topdown evaluator, hands facts
// over without a detour through JSON ([Value]), and uses its tables again from one
// evaluation to the next. What depends on OPA's internals is all in here.
package opa

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/types"
)

// Builtin is a function that rules may call beside Rego's own.
type Builtin struct {
	Name string
	Decl *types.Function
	Impl func(ctx context.Context, args []*ast.Term) (*ast.Term, error) // nil is undefined

	// Pure functions get no context, which costs more to make than they do.
	Pure bool
}

// Declaration is the builtin as a compiler knows it.
func (b *Builtin) Declaration() *ast.Builtin {
	return &ast.Builtin{Name: b.Name, Decl: b.Decl, CanSkipBctx: b.Pure}
}

// Evaluator evaluates queries about compiled modules. It is safe for concurrent use.
type Evaluator struct {
	compiler *ast.Compiler
	store    storage.Store
	builtins map[string]*topdown.Builtin
	guarded  bool
}

// New is an evaluator of the modules of a compiler, with the data and builtins that
// they refer to. The compiler must know the builtins. A guarded evaluation ends with a
// [*MemoryError] before it uses up the memory.
func New(compiler *ast.Compiler, data map[string]any, builtins []Builtin, guarded bool) *Evaluator {
	Limit()
	e := &Evaluator{
		compiler: compiler,
		store:    inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true)),
		builtins: make(map[string]*topdown.Builtin, len(builtins)),
		guarded:  guarded,
	}
	for _, b := range builtins {
		e.builtins[b.Name] = &topdown.Builtin{
			Decl: b.Declaration(),
			Func: func(bctx topdown.BuiltinContext, args []*ast.Term, iter func(*ast.Term) error) error {
				if e.guarded && slices.ContainsFunc(args, Huge) {
					return topdown.Halt{Err: &MemoryError{fmt.Sprintf("%s is given more than %d MiB", b.Name, maxResult>>20)}}
				}
				t, err := b.Impl(bctx.Context, args)
				if err != nil {
					return &topdown.Error{Code: topdown.BuiltinErr, Message: b.Name + ": " + err.Error(), Location: bctx.Location}
				}
				if t == nil {
					return nil // undefined
				}
				return iter(t)
			},
		}
	}
	return e
}

// Query is a compiled query; the zero value is none.
type Query struct {
	body     ast.Body
	compiler ast.QueryCompiler
}

// Prepare compiles a query that gives its result the name x: "x = data.rules.a".
func (e *Evaluator) Prepare(text string) (Query, error) {
	body, err := ast.ParseBody(text)
	if err != nil {
		return Query{}, err
	}
	q := Query{compiler: e.compiler.QueryCompiler()}
	q.body, err = q.compiler.Compile(body)
	return q, err
}

// Eval gives x of a query, nil where it is undefined. An error of a builtin is an
// error of the query; see [IsCancel]. It uses topdown, since OPA's package rego turns
// every result into plain Go values, which cost more than the evaluation.
func (e *Evaluator) Eval(ctx context.Context, q Query, input ast.Value) (x *ast.Term, err error) {
	cache := newRefCache()
	defer cache.release()
	return e.evalWith(ctx, q, input, cache)
}

func (e *Evaluator) evalWith(ctx context.Context, q Query, input ast.Value, cache topdown.VirtualCache) (x *ast.Term, err error) {
	txn, err := e.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer e.store.Abort(ctx, txn)
	cancel := topdown.NewCancel()
	var memory *guard
	if e.guarded {
		memory = newGuard()
		defer memory.stop()
		cancel = memory
	}
	defer context.AfterFunc(ctx, cancel.Cancel)()
	err = topdown.NewQuery(q.body).WithQueryCompiler(q.compiler).WithCompiler(e.compiler).
		WithStore(e.store).WithTransaction(txn).WithCancel(cancel).WithInput(ast.NewTerm(input)).
		WithBuiltins(e.builtins).WithStrictBuiltinErrors(true).WithVirtualCache(cache).WithMetrics(metrics.NoOp()).
		Iter(ctx, func(r topdown.QueryResult) error {
			x = r["x"]
			return nil
		})
	if memory != nil && memory.reason != nil {
		return nil, memory.reason
	}
	return x, err
}

// IsCancel reports whether an evaluation ended because its context did.
func IsCancel(err error) bool { return topdown.IsCancel(err) }
