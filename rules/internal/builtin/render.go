package builtin

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission"
)

// What rules and reports see of the permission matrix.

// cellView is a cell: as a term for rules, as evidence for reports.
func cellView(c *permission.Cell) map[string]any {
	view := map[string]any{
		"layer": string(c.Layer), "action": c.Action, "resource": c.Resource, "result": c.Result.String(),
	}
	if c.Result == iam.Allowed {
		return view
	}
	deciding := make([]any, len(c.Deciding))
	for i, s := range c.Deciding {
		deciding[i] = map[string]any{"layer": s.Layer, "policy": s.Policy, "sid": s.Sid, "statement": s.Statement}
	}
	role, resource := "", ""
	if c.Sides != nil {
		role, resource = c.Sides.Role.String(), c.Sides.Resource.String()
	}
	for name, v := range map[string]any{
		"reason": c.Reason, "message": c.Message, "decider": c.Decider, "failure_code": c.FailureCode(), "witness": c.Witness,
		"deciding": deciding, "identity_side": role, "resource_side": resource, "remediation": c.Remediation,
		"unknown_keys": finding.NotNil(c.UnknownKeys), "unknown_layers": finding.NotNil(c.UnknownLayers), "not_read": finding.NotNil(c.NotRead),
	} {
		view[name] = v
	}
	return view
}

// matrixTerm is the matrix of a link: {"layer/action": {…}}.
func matrixTerm(m *permission.Matrix) *ast.Term {
	pairs := make([][2]*ast.Term, 0, len(m.Cells))
	for i := range m.Cells {
		c := &m.Cells[i]
		if i > 0 && c.Key() == m.Cells[i-1].Key() {
			continue // of several classes of objects the worst comes first
		}
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm(c.Key().String()), ast.NewTerm(opa.Value(cellView(c)))})
	}
	return ast.ObjectTerm(pairs...)
}

// Evidence is what a finding shows of a cell.
func Evidence(c *permission.Cell) map[string]any { return map[string]any{"check": cellView(c)} }

// answerTerm is the answer of one cell as a rule of the user gives it on.
func answerTerm(link string, a permission.Answer) *ast.Term {
	pairs := [][2]*ast.Term{
		{ast.StringTerm("link"), ast.StringTerm(link)},
		{ast.StringTerm("status"), ast.StringTerm(string(a.Status))},
		{ast.StringTerm("message"), ast.StringTerm(a.Message)},
	}
	if a.Status == finding.Fail || a.Status == finding.Unknown {
		pairs = append(pairs,
			[2]*ast.Term{ast.StringTerm("key"), ast.StringTerm(a.Key)},
			[2]*ast.Term{ast.StringTerm("failure_codes"), stringsTerm(a.FailureCodes)},
			[2]*ast.Term{ast.StringTerm("evidence"), ast.NewTerm(opa.Value(Evidence(a.Cell)))},
			[2]*ast.Term{ast.StringTerm("remediation"), ast.StringTerm(a.Remediation)},
		)
		if a.Status == finding.Fail && a.Cell.Some != "" {
			pairs = append(pairs, [2]*ast.Term{ast.StringTerm("witness"), ast.StringTerm(a.Cell.WitnessKey())})
		}
	}
	if a.Contested {
		pairs = append(pairs, [2]*ast.Term{ast.StringTerm("contested"), ast.InternedTerm(true)})
	}
	return ast.ObjectTerm(pairs...)
}

// problem is a fault of a policy document as rules see it.
type problem struct {
	Policy  string `json:"policy"`
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// problemsTerm are the faults of all policies over a link.
func problemsTerm(m *permission.Matrix) *ast.Term {
	var list []*ast.Term
	for _, p := range m.Refused {
		for _, d := range p.Diagnostics() {
			if !d.Warning {
				list = append(list, ast.NewTerm(opa.Value(problem{p.Name(), d.Message, d.Line, d.Column})))
			}
		}
	}
	return ast.ArrayTerm(list...)
}

func stringsTerm(list []string) *ast.Term {
	terms := make([]*ast.Term, len(list))
	for i, s := range list {
		terms[i] = ast.StringTerm(s)
	}
	return ast.ArrayTerm(terms...)
}
