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

	"crosscheck/rules/finding"
	"crosscheck/rules/spelling"
	"crosscheck/rules/yamldoc"
)

// decode reads a mapping into the settings that its keys name. Each key of the table
// may occur once, and no other may. found is called with every key and its node.
func decode[T any](n *yaml.Node, to *T, keys []setting[T], found func(key string, n *yaml.Node)) error {
	return decodeUnder("", n, to, keys, found)
}

func decodeUnder[T any](under string, n *yaml.Node, to *T, keys []setting[T], found func(string, *yaml.Node)) error {
	if n = yamldoc.Resolve(n); n.Kind != yaml.MappingNode {
		return yamldoc.Wrong(n, "", "%sis %s, not a mapping of keys to values", subject(under), yamldoc.Kind(n))
	}
	names := map[string]bool{} // true: it has keys of its own
	for _, s := range keys {
		if rest, ok := strings.CutPrefix(s.key, under); ok {
			name, _, section := strings.Cut(rest, ".")
			names[name] = section
		}
	}
	return yamldoc.EachKey(n, func(name string, k, v *yaml.Node) error {
		v = yamldoc.Resolve(v)
		section, ok := names[name]
		switch key := under + name; {
		case !ok:
			return unknownKey(k, under, name, keys)
		case section:
			found(key, v)
			if yamldoc.IsNull(v) {
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
	if near := spelling.Nearest(name, here); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(elsewhere) > 0 {
		hint = fmt.Sprintf("did you mean %s?", elsewhere[0])
	} else {
		here = slices.Compact(here)
		hint = "there are " + strings.Join(here, ", ")
	}
	return yamldoc.Wrong(k, hint, "unknown key %q%s", name, where)
}

// parse reads the value of a key into what to points at. The key is what messages
// call it.
func parse(key string, n *yaml.Node, to any, f form) error {
	if yamldoc.IsNull(n) {
		return yamldoc.Wrong(n, "give it a value or leave it out", "%s has no value", key)
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
			return yamldoc.Wrong(n, "", "%s is %s, not true or false", key, shown(n))
		}
		*to = n.Value == "true"
		return nil
	case *int:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(to) != nil {
			return yamldoc.Wrong(n, "", "%s is %s, not a whole number", key, shown(n))
		}
		return f.within(key, n, float64(*to))
	case *float64:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || n.Decode(to) != nil {
			return yamldoc.Wrong(n, "", "%s is %s, not a number", key, shown(n))
		}
		return f.within(key, n, *to)
	case *time.Duration:
		text, err := textOf(key, n)
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return yamldoc.Wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
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
				err = yamldoc.Wrong(k, f.hint, "%s: %q is not the key of a tag", key, name)
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
				return yamldoc.Wrong(k, "move it out of "+key, "%s: %s is a key of its own", key, name)
			}
			(*to)[name], err = jsonValue(key+"."+name, v)
			return err
		})
	case *[]Requirement:
		return parseList(key, n, func(item string, v *yaml.Node) error {
			var r Requirement
			if v.Kind != yaml.MappingNode {
				return yamldoc.Wrong(v, "write for example {name: \"*-prod\"}", "%s is %s, not a mapping of keys to values", item, yamldoc.Kind(v))
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
				return yamldoc.Wrong(destination, "give accounts, ous or regions, or leave it out", "%s: destination asks for nothing", item)
			}
			if !r.selects() {
				return yamldoc.Wrong(v, "give a name pattern such as \"*-prod\", tags, accounts or ous; name: \"*\" means every bucket", "%s selects no buckets", item)
			}
			*to = append(*to, r)
			return nil
		}, func(size int) { *to = make([]Requirement, 0, size) })
	}
	panic(fmt.Sprintf("config: no way to read %T", to))
}

// inside says in which item of a list an error is.
func inside(err error, item string) error {
	var v *yamldoc.Error
	if errors.As(err, &v) {
		return &yamldoc.Error{Line: v.Line, Text: item + ": " + v.Text, Hint: v.Hint}
	}
	return err
}

func parseList(key string, n *yaml.Node, each func(item string, n *yaml.Node) error, begin func(size int)) error {
	if n.Kind != yaml.SequenceNode {
		return yamldoc.Wrong(n, "write it in [ and ]", "%s is %s, not a list", key, shown(n))
	}
	begin(len(n.Content))
	for i, v := range n.Content {
		item := key
		if v.Line > 0 {
			item = fmt.Sprintf("%s[%d]", key, i)
		}
		if err := each(item, yamldoc.Resolve(v)); err != nil {
			return err
		}
	}
	return nil
}

func parseMapping(key string, n *yaml.Node, each func(name string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return yamldoc.Wrong(n, "", "%s is %s, not a mapping of keys to values", key, shown(n))
	}
	return yamldoc.EachKey(n, func(name string, k, v *yaml.Node) error { return each(name, k, yamldoc.Resolve(v)) })
}

// textOf is the text of a scalar as it is written: 012345678901 is an account id,
// whatever YAML says of it.
func textOf(key string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || yamldoc.IsNull(n) {
		return "", yamldoc.Wrong(n, "", "%s is %s, not text", key, yamldoc.Kind(n))
	}
	return n.Value, nil
}

// shown is a node in a message: the text of a scalar, what another is.
func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return fmt.Sprintf("%q", n.Value)
	}
	return yamldoc.Kind(n)
}

// jsonValue is a value of any type, as JSON has it. It takes no aliases: with them
// a small file becomes a huge value.
func jsonValue(key string, n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return nil, yamldoc.Wrong(n, "write it out", "%s has an alias in it", key)
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
		err := yamldoc.EachKey(n, func(name string, _, v *yaml.Node) (err error) {
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
			return nil, yamldoc.Wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			return nil, yamldoc.Wrong(n, "", "%s: %q is not a value of JSON", key, n.Value)
		}
		return v, nil
	}
	return n.Value, nil
}

// holds reports whether a text has the form.
func (f form) holds(key string, n *yaml.Node, text string) error {
	switch {
	case f.check != nil:
		if err := f.check(text); err != nil {
			return yamldoc.Wrong(n, f.hint, "%s: %s", key, err)
		}
	case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
		return yamldoc.Wrong(n, f.hint, "%s: %q is not %s", key, text, f.what)
	}
	return nil
}

// within checks that a number is within the bounds of the form.
func (f form) within(key string, n *yaml.Node, x float64) error {
	if x >= f.min && (f.max == 0 || x <= f.max) {
		return nil
	}
	return yamldoc.Wrong(n, f.hint, "%s: %s is not %s", key, n.Value, f.what)
}
