package edit

import (
	"fmt"
	"slices"
	"strings"
)

// Statement is a new statement, of effect Allow.
type Statement struct {
	Sid                string
	Principals         []Principal // in the order of Type
	Actions, Resources []string
	Conditions         []Condition
}

// Principal is one entry of Principal.
type Principal struct{ Type, Value string } // of type AWS or Service

// Condition is one key under one operator.
type Condition struct {
	Operator, Key string
	Values        []string
}

// New is a new document.
func New(statements ...Statement) string {
	own := style{lines: true, indent: "  ", space: " "}
	var b strings.Builder
	b.WriteString("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [")
	for i, s := range statements {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    " + s.text(own, "    "))
	}
	b.WriteString("\n  ]\n}\n")
	return b.String()
}

// style is how an author writes JSON.
type style struct {
	lines  bool   // over lines, indented
	indent string // of one level
	space  string // after a colon or a comma on one line
}

// styleOf is that of a text. One without line breaks is written on one line.
func styleOf(text string) style {
	s := style{lines: strings.Contains(text, "\n"), indent: "  "}
	if strings.Contains(text, `": `) {
		s.space = " "
	}
	if !s.lines {
		return s
	}
	// The first line that is indented has the indent of one level.
	for _, line := range strings.Split(text, "\n")[1:] {
		if trimmed := strings.TrimLeft(line, " \t"); trimmed != "" && trimmed != line {
			s.indent = line[:len(line)-len(trimmed)]
			break
		}
	}
	return s
}

// next begins another line, or the same.
func (s style) next(indent string) string {
	if s.lines {
		return "\n" + indent
	}
	return ""
}

// array is one of strings, whose name is on a line of the indent.
func (s style) array(indent string, values []string) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case s.lines:
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("\n" + indent + s.indent)
		case i > 0:
			b.WriteString("," + s.space)
		}
		b.WriteString(quote(v))
	}
	return "[" + b.String() + s.next(indent) + "]"
}

// object is one of a single member.
func (s style) object(indent, name, value string) string {
	return s.members(indent, [][2]string{{name, value}})
}

// members is an object whose values are JSON.
func (s style) members(indent string, list [][2]string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range list {
		if i > 0 {
			b.WriteByte(',')
			if !s.lines {
				b.WriteString(s.space)
			}
		}
		b.WriteString(s.next(indent+s.indent) + quote(m[0]) + ":" + s.space + m[1])
	}
	b.WriteString(s.next(indent) + "}")
	return b.String()
}

// one is a string, or an array where there are several.
func (s style) one(indent string, values []string) string {
	if len(values) == 1 {
		return quote(values[0])
	}
	return s.array(indent, values)
}

// text is the statement, whose brace stands on a line of the indent.
func (s Statement) text(own style, indent string) string {
	inner := indent + own.indent
	var list [][2]string
	if s.Sid != "" {
		list = append(list, [2]string{"Sid", quote(s.Sid)})
	}
	list = append(list, [2]string{"Effect", quote("Allow")})
	if types := group(s.Principals, func(p Principal) (string, string) { return p.Type, p.Value }); len(types) > 0 {
		var members [][2]string
		for _, t := range types {
			members = append(members, [2]string{t.name, own.one(inner+own.indent, t.values)})
		}
		list = append(list, [2]string{"Principal", own.members(inner, members)})
	}
	list = append(list, [2]string{"Action", own.one(inner, s.Actions)})
	if len(s.Resources) > 0 { // a trust policy has none
		list = append(list, [2]string{"Resource", own.one(inner, s.Resources)})
	}
	if len(s.Conditions) > 0 {
		var operators []string
		for _, c := range s.Conditions {
			if !slices.Contains(operators, c.Operator) {
				operators = append(operators, c.Operator)
			}
		}
		var members [][2]string
		for _, op := range operators {
			var keys [][2]string
			for _, c := range s.Conditions {
				if c.Operator == op {
					keys = append(keys, [2]string{c.Key, own.one(inner+own.indent+own.indent, c.Values)})
				}
			}
			members = append(members, [2]string{op, own.members(inner+own.indent, keys)})
		}
		list = append(list, [2]string{"Condition", own.members(inner, members)})
	}
	return own.members(indent, list)
}

// values are those of one name.
type values struct {
	name   string
	values []string
}

// group collects values by their names, in the order in which they come.
func group[T any](list []T, of func(T) (name, value string)) []values {
	var out []values
	for _, e := range list {
		name, value := of(e)
		i := slices.IndexFunc(out, func(v values) bool { return v.name == name })
		if i < 0 {
			out, i = append(out, values{name: name}), len(out)
		}
		out[i].values = append(out[i].values, value)
	}
	return out
}

// Free is a Sid that is not taken.
func Free(sid string, taken []string) string {
	for i, name := 2, sid; ; i++ {
		if !slices.Contains(taken, name) {
			return name
		}
		name = fmt.Sprint(sid, i)
	}
}

// Joined adds the principal of a statement to one that allows the same; false where there is none.
func Joined(list []Statement, s *Statement, sid string) bool {
	for i := range list {
		x := &list[i]
		if strings.TrimRight(x.Sid, "0123456789") == sid && slices.Equal(x.Actions, s.Actions) && slices.Equal(x.Resources, s.Resources) &&
			fmt.Sprint(x.Conditions) == fmt.Sprint(s.Conditions) && len(s.Principals) > 0 {
			x.Principals = append(x.Principals, s.Principals...)
			return true
		}
	}
	return false
}
