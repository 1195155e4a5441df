package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"crosscheck/rules/internal/builtin"
	"crosscheck/rules/internal/opa"
)

// TestResult is one Rego test.
type TestResult struct {
	File    string
	Line    int
	Name    string // package.test_name
	Passed  bool
	Skipped bool   // its name begins with todo_
	Message string // why it did not pass, "" where the test is merely false
	Output  string // what it printed
}

// Test runs the Rego tests of a directory of rules (files that end in
// _test.rego), together with the embedded rules. A file that does not compile is
// an [*Error]; a directory without any test is an error too.
func Test(ctx context.Context, dir string) ([]TestResult, error) {
	files, err := sourcesOf([]string{dir})
	if err != nil {
		return nil, err
	}
	return runTests(ctx, slices.DeleteFunc(files, func(f source) bool { return !f.user && isTest(f.name) }))
}

func runTests(ctx context.Context, files []source) ([]TestResult, error) {
	modules, list, err := load(files, true)
	if err != nil {
		return nil, err
	}
	params, err := parameters(list, nil)
	if err != nil {
		return nil, err
	}
	compiler := newCompiler()
	var custom []*tester.Builtin
	for _, b := range builtin.New() {
		custom = append(custom, &tester.Builtin{Decl: b.Declaration(), Func: rego.FunctionDyn(
			&rego.Function{Name: b.Name, Decl: b.Decl},
			func(bctx rego.BuiltinContext, args []*ast.Term) (*ast.Term, error) { return b.Impl(bctx.Context, args) },
		)})
	}
	store := inmem.NewFromObject(map[string]any{"crosscheck": map[string]any{"config": params}})
	opa.Limit()
	ctx, stop := opa.Guard(ctx)
	defer stop()
	var results []TestResult
	var cause error
	err = storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		ch, err := tester.NewRunner().
			SetCompiler(compiler).SetStore(store).SetModules(modules).SetTimeout(10*time.Second).
			CapturePrintOutput(true).RaiseBuiltinErrors(true).AddCustomBuiltins(custom).
			RunTests(ctx, txn)
		if err != nil {
			return ruleError("", err)
		}
		for r := range ch {
			t := TestResult{Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name, Passed: r.Pass(), Skipped: r.Skip, Output: string(r.Output)}
			if r.Location != nil {
				t.File, t.Line = r.Location.File, r.Location.Row
			}
			if r.Error != nil {
				t.Message = r.Error.Error()
			}
			if memory := (*opa.MemoryError)(nil); errors.As(context.Cause(ctx), &memory) || errors.As(r.Error, &memory) {
				cause = cmp.Or(cause, error(&Error{t.File, t.Line, fmt.Errorf("test %s uses up the memory: %w", r.Name, memory)}))
			}
			results = append(results, t)
		}
		return nil
	})
	if err = cmp.Or(cause, err); err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no test found: write rules named test_… in files that end in _test.rego")
	}
	slices.SortStableFunc(results, func(a, b TestResult) int { return strings.Compare(a.Name, b.Name) })
	return results, nil
}
