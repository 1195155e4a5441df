package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/rules"
	"crosscheck/rules/finding"
)

// valueError is a value that cannot be meant, with its line in a file; 0 where it
// does not come from one.
type valueError struct {
	line int
	text string
	hint string
}

func (e *valueError) Error() string { return e.text }

func wrong(n *yaml.Node, hint, format string, args ...any) error {
	return &valueError{n.Line, fmt.Sprintf(format, args...), hint}
}

// decode reads a mapping into what its keys stand for. Each key of the table may
// stand in it once, nothing else may. found is told of every key and its node.
func decode[T any](n *yaml.Node, to *T, keys []setting[T], found func(key string, n *yaml.Node)) error {
	return decodeUnder("", n, to, keys, found)
}

func decodeUnder[T any](under string, n *yaml.Node, to *T, keys []setting[T], found func(string, *yaml.Node)) error {
	if n = resolved(n); n.Kind != yaml.MappingNode {
		return wrong(n, "", "%sis %s, not a mapping of keys to values", subject(under), kindOf(n))
	}
	names := map[string]bool{} // true: it has keys of its own
	for _, s := range keys {
		if rest, ok := strings.CutPrefix(s.key, under); ok {
			name, _, section := strings.Cut(rest, ".")
			names[name] = section
		}
	}
	return eachKey(n, func(name string, k, v *yaml.Node) error {
		v = resolved(v)
		section, ok := names[name]
		switch key := under + name; {
		case !ok:
			return unknownKey(k, under, name, keys)
		case section:
			found(key, v)
			if isNull(v) {
				return nil // all of it is commented out
			}
			return decodeUnder(key+".", v, to, keys, found)
		default:
			s := keys[slices.IndexFunc(keys, func(s setting[T]) bool { return s.key == key })]
			found(key, v)
			return parse(key, v, s.value(to), s.form)
		}
	})
}

// subject begins a sentence about the mapping at a key.
func subject(under string) string {
	if under == "" {
		return "the configuration "
	}
	return strings.TrimSuffix(under, ".") + " "
}

// unknownKey says what may have been meant, also where the key stands elsewhere.
func unknownKey[T any](k *yaml.Node, under, name string, keys []setting[T]) error {
	var here, elsewhere []string
	for _, s := range keys {
		if rest, ok := strings.CutPrefix(s.key, under); ok {
			first, _, _ := strings.Cut(rest, ".")
			here = append(here, first)
		}
		if s.key == name || strings.HasSuffix(s.key, "."+name) {
			elsewhere = append(elsewhere, s.key)
		}
	}
	where := ""
	if under != "" {
		where = " under " + strings.TrimSuffix(under, ".")
	}
	hint := ""
	if near := rules.Nearest(name, here); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(elsewhere) > 0 {
		hint = fmt.Sprintf("did you mean %s?", elsewhere[0])
	} else {
		here = slices.Compact(here)
		hint = "there are " + strings.Join(here, ", ")
	}
	return wrong(k, hint, "unknown key %q%s", name, where)
}

// eachKey goes through a mapping in which every key is a text and stands once.
func eachKey(n *yaml.Node, visit func(name string, k, v *yaml.Node) error) error {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return wrong(k, "", "a key is %s, not a word", kindOf(k))
		}
		if line, again := seen[k.Value]; again {
			return wrong(k, "keep one of them", "the key %q stands in line %d already", k.Value, line)
		}
		seen[k.Value] = k.Line
		if err := visit(k.Value, k, v); err != nil {
			return err
		}
	}
	return nil
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// parse reads the value of a key into what to points at. The key is what messages
// call it.
func parse(key string, n *yaml.Node, to any, f form) error {
	if isNull(n) {
		return wrong(n, "give it a value or leave it out", "%s has no value", key)
	}
	switch to := to.(type) {
	case *string:
		text, err := textOf(key, n)
		if err == nil && text != "" {
			err = f.holds(key, n, text)
		}
		*to = text
		return err
	case *bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			return wrong(n, "", "%s is %s, not true or false", key, shown(n))
		}
		*to = n.Value == "true"
		return nil
	case *int:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(to) != nil {
			return wrong(n, "", "%s is %s, not a whole number", key, shown(n))
		}
		return f.within(key, n, float64(*to))
	case *float64:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(to) != nil {
			return wrong(n, "", "%s is %s, not a number", key, shown(n))
		}
		return f.within(key, n, *to)
	case *time.Duration:
		text, err := textOf(key, n)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
		}
		*to = d
		return nil
	case *[]string:
		return parseList(key, n, func(item string, v *yaml.Node) error {
			text, err := textOf(item, v)
			if err == nil {
				err = f.holds(item, v, text)
			}
			*to = append(*to, text)
			return err
		}, func(size int) { *to = make([]string, 0, size) })
	case *map[string]string:
		*to = map[string]string{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) error {
			text, err := textOf(key+"."+name, v)
			if err == nil && (name == "" || len([]rune(name)) > 128) {
				err = wrong(k, f.hint, "%s: %q is not the key of a tag", key, name)
			}
			if err == nil {
				err = f.holds(key+"."+name, v, text)
			}
			(*to)[name] = text
			return err
		})
	case *map[string]finding.Severity:
		*to = map[string]finding.Severity{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) error {
			text, err := textOf(key+"."+name, v)
			err = cmp.Or(ruleForm.holds(key, k, name), err)
			if err == nil {
				err = f.holds(key+"."+name, v, text)
			}
			(*to)[name] = finding.Severity(text)
			return err
		})
	case *map[string]any:
		*to = map[string]any{}
		return parseMapping(key, n, func(name string, k, v *yaml.Node) (err error) {
			if err := paramForm.holds(key, k, name); err != nil {
				return err
			}
			if _, ok := settingOf(name); ok || name == "destinations" {
				return wrong(k, "move it out of "+key, "%s: %s is a key of its own", key, name)
			}
			(*to)[name], err = jsonValue(key+"."+name, v)
			return err
		})
	case *[]Requirement:
		return parseList(key, n, func(item string, v *yaml.Node) error {
			var r Requirement
			if v.Kind != yaml.MappingNode {
				return wrong(v, "write for example {name: \"*-prod\"}", "%s is %s, not a mapping of keys to values", item, kindOf(v))
			}
			var destination *yaml.Node
			err := decode(v, &r, requirementKeys, func(key string, n *yaml.Node) {
				if key == "destination" {
					destination = n
				}
			})
			if err != nil {
				return inside(err, item)
			}
			if destination != nil && len(r.Destination.Accounts)+len(r.Destination.OUs)+len(r.Destination.Regions) == 0 {
				return wrong(destination, "give accounts, ous or regions, or leave it out", "%s: destination asks for nothing", item)
			}
			if !r.selects() {
				return wrong(v, "give a name pattern such as \"*-prod\", tags, accounts or ous; name: \"*\" means every bucket", "%s selects no buckets", item)
			}
			*to = append(*to, r)
			return nil
		}, func(size int) { *to = make([]Requirement, 0, size) })
	}
	panic(fmt.Sprintf("config: no way to read %T", to))
}

// inside says in which item of a list an error is.
func inside(err error, item string) error {
	var v *valueError
	if errors.As(err, &v) {
		return &valueError{v.line, item + ": " + v.text, v.hint}
	}
	return err
}

func parseList(key string, n *yaml.Node, each func(item string, n *yaml.Node) error, begin func(size int)) error {
	if n.Kind != yaml.SequenceNode {
		return wrong(n, "write it in [ and ]", "%s is %s, not a list", key, shown(n))
	}
	begin(len(n.Content))
	for i, v := range n.Content {
		item := key
		if v.Line > 0 {
			item = fmt.Sprintf("%s[%d]", key, i)
		}
		if err := each(item, resolved(v)); err != nil {
			return err
		}
	}
	return nil
}

func parseMapping(key string, n *yaml.Node, each func(name string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return wrong(n, "", "%s is %s, not a mapping of keys to values", key, shown(n))
	}
	return eachKey(n, func(name string, k, v *yaml.Node) error { return each(name, k, resolved(v)) })
}

// textOf is the text of a scalar as it is written: 012345678901 is an account id,
// whatever YAML says of it.
func textOf(key string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return "", wrong(n, "", "%s is %s, not text", key, kindOf(n))
	}
	return n.Value, nil
}

// shown is a node in a message: the text of a scalar, what another is.
func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return fmt.Sprintf("%q", n.Value)
	}
	return kindOf(n)
}

// jsonValue is a value of any type, as JSON has it. It takes no aliases: with them
// a small file becomes a huge value.
func jsonValue(key string, n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return nil, wrong(n, "write it out", "%s has an alias in it", key)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, v := range n.Content {
			var err error
			if list[i], err = jsonValue(key, v); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		object := map[string]any{}
		err := eachKey(n, func(name string, _, v *yaml.Node) (err error) {
			object[name], err = jsonValue(key, v)
			return err
		})
		return object, err
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			return nil, wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		return v, nil
	}
	return n.Value, nil
}

// holds holds a text against the form.
func (f form) holds(key string, n *yaml.Node, text string) error {
	switch {
	case f.check != nil:
		if err := f.check(text); err != nil {
			return wrong(n, f.hint, "%s: %s", key, err)
		}
	case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
		return wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
	}
	return nil
}

// within holds a number against the bounds of the form.
func (f form) within(key string, n *yaml.Node, x float64) error {
	if x >= f.min && (f.max == 0 || x <= f.max) {
		return nil
	}
	return wrong(n, f.hint, "%s: %s is not %s", key, n.Value, f.what)
}
