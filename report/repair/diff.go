package repair

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// diff writes a unified diff of each document, the accounts one after the other.
func diff(p *plan, _ bool) ([]file, error) {
	var b strings.Builder
	comment(&b, "#", p.summary()...)
	for _, a := range p.accounts() {
		b.WriteString("\n")
		comment(&b, "#", a.title())
		for _, c := range a.changes {
			b.WriteString("\n")
			comment(&b, "#", notes(c)...)
			unified, layout := c.unified()
			if layout {
				comment(&b, "#", "  shown with line breaks, which the document does not have")
			}
			b.WriteString(unified)
		}
	}
	if d := p.decided(); len(d) > 0 {
		b.WriteString("\n")
		comment(&b, "#", d...)
	}
	return []file{{"repairs.diff", b.String()}}, nil
}

// Diff is a change as a unified diff, fit to be shown: what is not seen is escaped, and a
// document on one line is laid out on several.
func Diff(c *finding.Change) string {
	unified, _ := (&change{Change: c}).unified()
	return unified
}

// unified is the change as a unified diff, and whether it has line breaks that the document
// does not have.
func (c *change) unified() (diff string, layout bool) {
	before, after, layout := lines(c)
	old, label := label(c.Target), label(c.Target)
	if c.made() {
		old = "/dev/null"
	}
	return udiff.Unified(old, label, before, after), layout
}

// label names a target as a path: account, kind, Region of a key, resource, policy.
func label(t finding.Target) string {
	parts := []string{t.AccountID, string(t.Kind), name(t), t.Policy}
	switch t.Kind {
	case finding.KeyPolicy, finding.KeyState:
		parts[3] = t.Region
	case finding.ManagedPolicy:
		parts[3] = "" // the resource
	}
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, text.Visible(p))
		}
	}
	return strings.ReplaceAll(strings.Join(kept, "/"), " ", "_")
}

// lines are the texts of a change as a diff compares them: as they may be shown, each with
// a line break at its end. Documents on one line are laid out on several, which is the
// third result.
func lines(c *change) (before, after string, layout bool) {
	before, after = c.Before, c.After
	if !strings.Contains(strings.TrimSpace(cmp.Or(before, after)), "\n") {
		b, ok := indented(before)
		a, valid := indented(after)
		if valid && (ok || before == "") && a != after {
			before, after, layout = b, a, true
		}
	}
	return ended(text.Lines(before)), ended(text.Lines(after)), layout
}

// indented is a JSON document with a member a line.
func indented(document string) (string, bool) {
	var b bytes.Buffer
	if json.Indent(&b, []byte(strings.TrimSpace(document)), "", "  ") != nil {
		return "", false
	}
	return b.String(), true
}

func ended(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

// colored paints the lines of a diff for a terminal.
func colored(diff string) string {
	const reset = "\x1b[0m"
	var b strings.Builder
	for line := range strings.Lines(diff) {
		color := ""
		switch {
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			color = "\x1b[1m"
		case strings.HasPrefix(line, "@@"):
			color = "\x1b[36m"
		case strings.HasPrefix(line, "-"):
			color = "\x1b[31m"
		case strings.HasPrefix(line, "+"):
			color = "\x1b[32m"
		}
		if color != "" {
			line = color + strings.TrimSuffix(line, "\n") + reset + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}
