package service

import (
	"fmt"

	"crosscheck/rules/iam/policy"
	"crosscheck/scanner/sandbox/wire"
)

// InvalidValue is the Query services' refusal of a parameter.
func InvalidValue(format string, args ...any) *wire.Error {
	return &wire.Error{Status: 400, Code: "ValidationError", Message: fmt.Sprintf(format, args...)}
}

// FirstFault is why AWS would not store a policy.
func FirstFault(p *policy.Policy) string {
	for _, d := range p.Diagnostics() {
		if !d.Warning {
			return d.Message
		}
	}
	return "Syntax errors in policy."
}
