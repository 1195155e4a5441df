package contextkey

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"crosscheck/rules/iam/match"
)

var variablePattern = regexp.MustCompile(`\$\{([^},]+)`)

// Named is what a policy says about context keys.
type Named struct {
	Keys      []string // lower-case condition keys and policy variables that it names, sorted
	Variables []string // the policy variables among them
	Names     []string // the keys as they are written
	Uses      []Use    // every value that it compares a key with
}

// Use is one condition value: key and operator in lower case.
type Use struct{ Key, Operator, Value string }

// NamedIn reads what a policy document says about context keys: nothing where it is no JSON.
func NamedIn(document string) Named {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var v any
	var n Named
	if d.Decode(&v) == nil {
		n.walk(v)
	}
	slices.Sort(n.Keys)
	n.Keys = slices.Compact(n.Keys)
	return n
}

// name notes a key, and gives it in lower case.
func (n *Named) name(s string) string {
	key := Lower(s)
	n.Keys = append(n.Keys, key)
	if !slices.Contains(n.Names, s) {
		n.Names = append(n.Names, s)
	}
	return key
}

func (n *Named) walk(v any) {
	switch v := v.(type) {
	case string:
		for _, m := range variablePattern.FindAllStringSubmatch(v, -1) {
			n.Variables = append(n.Variables, n.name(strings.TrimSpace(m[1])))
		}
	case []any:
		for _, x := range v {
			n.walk(x)
		}
	case map[string]any:
		for k, x := range v {
			if k == "Condition" {
				n.element(x)
			}
			n.walk(x)
		}
	}
}

// element reads a Condition element: {operator: {key: value or list of values}}.
func (n *Named) element(v any) {
	operators, _ := v.(map[string]any)
	for op, x := range operators {
		keys, _ := x.(map[string]any)
		for key, values := range keys {
			key, op := n.name(key), strings.ToLower(op)
			list, ok := values.([]any)
			if !ok {
				list = []any{values}
			}
			for _, value := range list {
				n.Uses = append(n.Uses, Use{key, op, fmt.Sprint(value)})
			}
		}
	}
}

// Alike reports whether a condition value answers the same for every string that
// begins with prefix.
func (u Use) Alike(prefix string) bool {
	if strings.Contains(u.Value, "${") || !match.IsASCII(u.Value) || !match.IsASCII(prefix) {
		return false
	}
	op := u.Operator
	switch {
	case strings.Contains(op, "arn"):
		// Only the sixth field varies.
		pattern := strings.SplitN(u.Value, ":", 6)
		text := strings.SplitN(prefix, ":", 6)
		if len(pattern) < 6 || len(text) < 6 {
			return u.Value == "*" || len(pattern) < 6
		}
		return match.Covers(pattern[5], text[5]) || !match.Meets(pattern[5], text[5])
	case strings.Contains(op, "like"):
		return match.Covers(u.Value, prefix) || !match.Meets(u.Value, prefix)
	case strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(op, "forallvalues:"), "foranyvalue:"), "null"):
		return true
	case strings.Contains(op, "equals") && !strings.Contains(op, "ignorecase"):
		return !strings.HasPrefix(u.Value, prefix)
	}
	return false
}
