package rules

import (
	"fmt"

	"crosscheck/rules/permission/rows"
)

// rowsFile is where the permission rules are.
const rowsFile = "rules/permission/rows/rows.go"

// permissionRules are the rules that answer from the permission matrix, which have
// no Rego file.
func permissionRules() ([]*Rule, error) {
	table := rows.Rules()
	list := make([]*Rule, len(table))
	for i, row := range table {
		list[i] = &Rule{
			ID: row.ID, Title: row.Title, Description: row.Description, Severity: row.Severity, Scope: ScopeLink, Pack: row.Pack,
			Uses: row.Uses(), When: row.When, Decides: row.Decides, FailureCodes: row.FailureCodes(), Controls: row.Controls,
			Remediation: row.Remediation, Evidence: row.Evidence, Sources: row.Sources, File: rowsFile, permission: row,
		}
		if err := list[i].check(); err != nil {
			return nil, &Error{rowsFile, 1, fmt.Errorf("%s: %w", row.ID, err)}
		}
	}
	return list, nil
}

// text is what a rule is made of: the text of its Rego file, or the part of the
// permission table that it asks for.
func (r *Rule) text(files []source) string {
	if r.permission != nil {
		return "This is a permission rule: it answers from rows of the table of permissions and has no Rego file.\n\n" + r.permission.String()
	}
	for _, f := range files {
		if f.name == r.File {
			return string(f.text)
		}
	}
	return ""
}
