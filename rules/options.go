package rules

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"crosscheck/rules/finding"
	"crosscheck/rules/spelling"
)

// OptionError is an option that no rule is there for, or that a rule does not
// take.
type OptionError struct {
	Option string // enable, disable, severity or parameters
	Name   string // of the rule, pack or parameter
	Near   string // what may have been meant, "" = nothing is near
	err    error
}

func (e *OptionError) Error() string { return e.err.Error() }
func (e *OptionError) Unwrap() error { return e.err }

// ownParameters are those of the embedded rules, whose form the configuration
// checks itself.
var ownParameters = map[string]bool{"required_replication": true, "destinations": true}

// Packs are the groups of the rules, sorted.
func Packs(list []*Rule) []string {
	packs := map[string]bool{}
	for _, r := range list {
		if r.Pack != "" {
			packs[r.Pack] = true
		}
	}
	return slices.Sorted(maps.Keys(packs))
}

func ids(list []*Rule) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.ID
	}
	return out
}

// switchedOff are the ids of the rules whose findings are not wanted.
func switchedOff(list []*Rule, opts Options) (map[string]bool, error) {
	known := append(ids(list), Packs(list)...)
	for option, names := range map[string][]string{"enable": opts.Enabled, "disable": opts.Disabled} {
		for _, name := range names {
			if !slices.Contains(known, name) {
				return nil, unknownOption(option, name, known, "there is no rule or pack %q", name)
			}
			if option == "disable" && slices.Contains(opts.Enabled, name) {
				return nil, &OptionError{Option: option, Name: name, err: fmt.Errorf("%s is both enabled and disabled", name)}
			}
		}
	}
	off := map[string]bool{}
	for _, r := range list {
		switch {
		case slices.Contains(opts.Disabled, r.ID):
			off[r.ID] = true
		case slices.Contains(opts.Enabled, r.ID):
		case r.Pack != "" && slices.Contains(opts.Disabled, r.Pack):
			off[r.ID] = true
		case len(opts.Enabled) > 0 && (r.Pack == "" || !slices.Contains(opts.Enabled, r.Pack)):
			off[r.ID] = true
		}
	}
	return off, nil
}

// reseverity gives rules the severities that are wanted of them.
func reseverity(list []*Rule, severity map[string]finding.Severity) error {
	for _, id := range slices.Sorted(maps.Keys(severity)) {
		i := slices.IndexFunc(list, func(r *Rule) bool { return r.ID == id })
		if i < 0 {
			return unknownOption("severity", id, ids(list), "there is no rule %q", id)
		}
		switch s := severity[id]; {
		case !s.Valid():
			return &OptionError{Option: "severity", Name: id, err: fmt.Errorf("%q is no severity: use critical, high, medium, low or info", s)}
		case s == finding.Info && list[i].Decides:
			// A waived link is one with no failing finding above info left.
			return &OptionError{Option: "severity", Name: id, err: fmt.Errorf("%s decides whether links work, so its severity is low at least", id)}
		default:
			list[i].Severity = s
		}
	}
	return nil
}

// parameters are the defaults of the rules and, above them, what is given.
func parameters(list []*Rule, given map[string]any) (map[string]any, error) {
	params, from := map[string]any{}, map[string]*Rule{}
	for _, r := range list {
		for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
			if other := from[name]; other != nil && !reflect.DeepEqual(other.Parameters[name], r.Parameters[name]) {
				return nil, &Error{r.File, 1, fmt.Errorf("METADATA custom.parameters: %s has another default in %s", name, other.File)}
			}
			params[name], from[name] = r.Parameters[name], r
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value := given[name]
		switch {
		case ownParameters[name]:
		case from[name] == nil:
			return nil, unknownOption("parameters", name, slices.Sorted(maps.Keys(params)), "no rule has the parameter %q", name)
		case jsonType(value) != jsonType(params[name]):
			return nil, &OptionError{Option: "parameters", Name: name, err: fmt.Errorf("the parameter %s of %s is %s, not %s", name, from[name].ID, jsonType(params[name]), jsonType(value))}
		}
		params[name] = value
	}
	return params, nil
}

// jsonType names the type of a value as JSON has it.
func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "text"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	}
	return "a number"
}

func unknownOption(option, name string, known []string, format string, args ...any) error {
	return &OptionError{Option: option, Name: name, Near: spelling.Nearest(name, known), err: fmt.Errorf(format, args...)}
}
