// Package rests says in words what the proof of a change rests on: facts that were not read.
package rests

import (
	"fmt"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam"
	"crosscheck/rules/permission"
)

// OfCell lists the facts that were not read and that the cell depends on, for a change to one
// side of it; none where the cell is allowed. Where the other side is denied, only the facts
// of this side count.
func OfCell(c *permission.Cell, side permission.Side) []string {
	switch {
	case c.Result == iam.Allowed, c.Result == iam.Denied && c.On(side) == iam.Allowed:
		return nil
	case len(c.NotRead) > 0:
		return c.NotRead
	}
	return []string{c.Message}
}

// OfFinding are the gaps that leave a finding unknown, or what it says where it names none.
func OfFinding(f *finding.Finding) (gaps []string) {
	check, _ := f.Evidence["check"].(map[string]any)
	switch list := check["not_read"].(type) {
	case []string:
		gaps = list
	case []any:
		for _, x := range list {
			gaps = append(gaps, fmt.Sprint(x))
		}
	}
	if len(gaps) == 0 {
		return []string{f.Message}
	}
	return gaps
}

// Once are gaps each once, sorted: none that only repeats another in more words.
func Once(gaps []string) []string {
	list := slices.Compact(slices.Sorted(slices.Values(gaps)))
	return finding.NotNil(slices.DeleteFunc(slices.Clone(list), func(x string) bool {
		return slices.ContainsFunc(list, func(y string) bool { return x != y && strings.Contains(x, y) })
	}))
}
