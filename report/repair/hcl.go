package repair

import (
	"fmt"
	"regexp"
	"strings"

	"crosscheck/report/text"
)

// body is what a block of HCL has between its braces, in order.
type body []member

// member is an attribute with an expression, or a block.
type member struct {
	name  string // with labels
	value string // an expression
	block body   // where there is no value
}

// attribute is a member with a text as its value, or none where there is no text.
func attribute(name, value string) body {
	if value == "" {
		return nil
	}
	return body{{name: name, value: hclString(value)}}
}

// nested is a member that is a block.
func nested(name string, parts ...body) member {
	m := member{name: name, block: body{}}
	for _, p := range parts {
		m.block = append(m.block, p...)
	}
	return m
}

// write writes the members as terraform fmt does: values of attributes side by side are
// aligned, blocks stand apart.
func (b body) write(out *strings.Builder, indent string) {
	for i := 0; i < len(b); i++ {
		if b[i].value == "" {
			if i > 0 {
				out.WriteString("\n")
			}
			fmt.Fprintf(out, "%s%s {\n", indent, b[i].name)
			b[i].block.write(out, indent+"  ")
			out.WriteString(indent + "}\n")
			continue
		}
		if i > 0 && b[i-1].value == "" {
			out.WriteString("\n")
		}
		width, end := 0, i
		for ; end < len(b) && b[end].value != ""; end++ {
			width = max(width, len(b[end].name))
		}
		for ; i < end; i++ {
			fmt.Fprintf(out, "%s%-*s = %s\n", indent, width, b[i].name, b[i].value)
		}
		i--
	}
}

// template escapes what begins a template in HCL.
var template = strings.NewReplacer("${", "$${", "%{", "%%{")

// azure is what Azure's pipelines take for a command, wherever it is in a log.
var azure = regexp.MustCompile(`##((?i:vso)?\[)`)

// hclString is a quoted string.
func hclString(s string) string {
	var b strings.Builder
	for _, r := range template.Replace(s) {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r > 0xFFFF && text.Unseen(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case r < ' ' || text.Unseen(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + azure.ReplaceAllString(b.String(), `#\u0023$1`) + `"`
}

// hclDocument is a JSON document as a heredoc, with references in place of the strings that
// are the ARNs of roles.
func hclDocument(document string, roles map[string]string) string {
	s := template.Replace(text.Lines(document))
	for arn, address := range roles {
		s = strings.ReplaceAll(s, `"`+template.Replace(arn)+`"`, `"${`+address+`.arn}"`)
	}
	return "<<-JSON\n" + ended(s) + "  JSON"
}
