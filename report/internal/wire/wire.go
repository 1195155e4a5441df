// Package wire encodes values as JSON documents have them: on one line, with empty
// lists in place of nil ones, and with characters that cannot be seen escaped.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"crosscheck/report/text"
	"crosscheck/rules/finding"
)

// Encode puts v into buf as one line of JSON without HTML escapes. Characters
// that are not seen are escaped, also where JSON does not ask for it: a report
// may be read on a terminal.
func Encode(buf *bytes.Buffer, v any) error {
	buf.Reset()
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	buf.Truncate(buf.Len() - 1)
	if b := buf.Bytes(); text.AnyUnseen(b) {
		seen := bytes.Clone(b)
		buf.Reset()
		for len(seen) > 0 {
			c, n := utf8.DecodeRune(seen)
			switch {
			case !text.Unseen(c):
				buf.Write(seen[:n])
			case c > 0xFFFF:
				c -= 0x10000
				fmt.Fprintf(buf, `\u%04x\u%04x`, 0xD800+c>>10, 0xDC00+c&0x3FF)
			default:
				fmt.Fprintf(buf, `\u%04x`, c)
			}
			seen = seen[n:]
		}
	}
	return nil
}

// Link is a copy of l with empty lists in place of nil ones.
func Link(l *finding.Link) *finding.Link {
	c := *l
	c.FailureCodes = List(c.FailureCodes)
	c.Classes = append([]finding.ClassVerdict{}, c.Classes...)
	for i := range c.Classes {
		c.Classes[i].FailureCodes, c.Classes[i].Fails = List(c.Classes[i].FailureCodes), List(c.Classes[i].Fails)
	}
	c.Checks = append([]finding.Check{}, c.Checks...)
	for i := range c.Checks {
		c.Checks[i].Deciding = List(c.Checks[i].Deciding)
		c.Checks[i].UnknownKeys = List(c.Checks[i].UnknownKeys)
	}
	return &c
}

// Finding is a copy of f with empty lists and evidence in place of nil ones.
func Finding(f *finding.Finding) *finding.Finding {
	c := *f
	c.FailureCodes = List(c.FailureCodes)
	c.Controls = List(c.Controls)
	if c.Evidence == nil {
		c.Evidence = map[string]any{}
	}
	return &c
}

// Repairs is a copy of r with empty lists in place of nil ones.
func Repairs(r *finding.Repairs) *finding.Repairs {
	out := finding.Repairs{Changes: slices.Clone(List(r.Changes)), Fixes: slices.Clone(List(r.Fixes)), Decisions: slices.Clone(List(r.Decisions))}
	for i := range out.Changes {
		c := &out.Changes[i]
		c.Patch, c.Links, c.Rests, c.Edits = List(c.Patch), List(c.Links), List(c.Rests), slices.Clone(List(c.Edits))
		for k := range c.Edits {
			c.Edits[k].Values, c.Edits[k].Findings = List(c.Edits[k].Values), List(c.Edits[k].Findings)
		}
	}
	for i := range out.Fixes {
		out.Fixes[i].Changes = List(out.Fixes[i].Changes)
	}
	for i := range out.Decisions {
		out.Decisions[i].Findings = List(out.Decisions[i].Findings)
	}
	return &out
}

// List is s, or an empty list in place of nil.
func List[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
