package rules

import "github.com/open-policy-agent/opa/v1/ast"

// quicken compiles modules so that they are evaluated in less time, and say the same. None of
// them may be of the user, who could refer to the packages of other rules, or replace their
// constants.
func quicken(list []*Rule, modules map[string]*ast.Module) (*ast.Compiler, error) {
	shorten(list, modules)
	return compileWith(newCompiler().WithStageAfterID(ast.StageSetRuleTree, ast.CompilerStageDefinition{
		Name: "InlineConstants", MetricName: "inline_constants", Stage: inlineConstants,
	}), modules)
}

// shorten gives rules packages of one part: each part costs a step whenever something in the
// package is referred to, and there were four.
func shorten(list []*Rule, modules map[string]*ast.Module) {
	for _, r := range list {
		if m := modules[r.File]; m != nil { // a permission rule has none
			m.Package.Path = ast.Ref{ast.DefaultRootDocument, ast.StringTerm("rule " + r.ID)}
		}
	}
}

// inlineConstants writes constants where they are referred to. Evaluating one costs as much as
// any other rule.
func inlineConstants(c *ast.Compiler) *ast.Error {
	type name struct{ pkg, rule string }
	constants := map[name]ast.Value{}
	for _, m := range c.Modules {
		if len(m.Package.Path) != 2 {
			continue // the helpers have none
		}
		defined := map[string]int{}
		for _, r := range m.Rules {
			defined[r.Head.Name.String()]++
		}
		for _, r := range m.Rules {
			if n := r.Head.Name.String(); defined[n] == 1 && constant(r) {
				constants[name{text(m.Package.Path[1]), n}] = r.Head.Value.Value
			}
		}
	}
	for _, m := range c.Modules {
		for _, r := range m.Rules {
			_, err := ast.TransformRefs(r, func(ref ast.Ref) (ast.Value, error) {
				if len(ref) == 3 && ref[0].Equal(ast.DefaultRootDocument) {
					if v := constants[name{text(ref[1]), text(ref[2])}]; v != nil {
						return v, nil
					}
				}
				return ref, nil
			})
			if err != nil {
				return ast.NewError(ast.CompileErr, r.Loc(), "%s", err)
			}
		}
	}
	return nil
}

// constant reports whether a rule is a name for a value: name := value.
func constant(r *ast.Rule) bool {
	return !r.Default && r.Else == nil && r.Head.DocKind() == ast.CompleteDoc && len(r.Head.Args) == 0 && len(r.Head.Reference) == 1 &&
		r.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))) && ast.IsConstant(r.Head.Value.Value)
}

// text is a string, "" of another term.
func text(t *ast.Term) string {
	s, _ := t.Value.(ast.String)
	return string(s)
}
